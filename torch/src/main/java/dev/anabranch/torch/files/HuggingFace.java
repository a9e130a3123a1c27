package dev.anabranch.torch.files;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A folder as {@code save_pretrained} writes it: {@code config.json}, and {@code model.safetensors}
 * or shards that {@code model.safetensors.index.json} lists. Index and shards must agree on every
 * tensor. Any number of threads may read.
 */
final class HuggingFace implements Pretrained {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final int MAX_SHARDS = 4096;

  private final String name;
  private final Map<String, Object> config;
  private final List<SafeTensors> shards;
  private final Map<String, SafeTensors> holder = new LinkedHashMap<>();
  private final Map<String, Stored> tensors = new LinkedHashMap<>();

  private HuggingFace(String name, Map<String, Object> config, List<SafeTensors> shards) {
    this.name = name;
    this.config = Collections.unmodifiableMap(config);
    this.shards = List.copyOf(shards);
    for (var shard : shards) {
      shard
          .tensors()
          .forEach((tensor, stored) -> {
            var other = holder.put(tensor, shard);
            if (other != null) {
              throw AnabranchException.expected(
                  Failure.CORRUPT,
                  shard.name() + ": tensor '" + tensor + "'",
                  "also in " + other.name(),
                  "in one shard");
            }
            tensors.put(tensor, stored);
          });
    }
  }

  static Pretrained folder(Path folder) {
    var config = Json.object(folder.resolve("config.json"));
    if (Files.isRegularFile(folder.resolve(INDEX))) {
      return sharded(folder, config);
    }
    var single = folder.resolve(SINGLE);
    if (!Files.isRegularFile(single)) {
      throw AnabranchException.expected(
          Failure.MODEL, folder.toString(), "no weights", SINGLE + " or " + INDEX);
    }
    return of(String.valueOf(folder.getFileName()), config, List.of(single));
  }

  static Pretrained file(Path file) {
    var config = file.resolveSibling("config.json");
    return of(
        String.valueOf(file.getFileName()),
        Files.isRegularFile(config) ? Json.object(config) : Map.of(),
        List.of(file));
  }

  private static HuggingFace of(String name, Map<String, Object> config, List<Path> files) {
    var open = new ArrayList<SafeTensors>();
    try {
      files.forEach(file -> open.add(SafeTensors.open(file)));
      return new HuggingFace(name, config, open);
    } catch (RuntimeException e) {
      open.forEach(SafeTensors::close);
      throw e;
    }
  }

  private static HuggingFace sharded(Path folder, Map<String, Object> config) {
    if (!(Json.object(folder.resolve(INDEX)).get("weight_map") instanceof Map<?, ?> map)) {
      throw AnabranchException.expected(
          Failure.CORRUPT, INDEX + ": weight_map", "missing", "file names by tensor");
    }
    var files = new LinkedHashMap<String, Set<String>>();
    map.forEach((tensor, file) ->
        files
            .computeIfAbsent(fileName(file), any -> new LinkedHashSet<>())
            .add(String.valueOf(tensor)));
    if (files.size() > MAX_SHARDS) {
      throw AnabranchException.expected(
          Failure.CORRUPT, INDEX + ": shards", files.size(), "at most " + MAX_SHARDS);
    }
    for (var file : files.keySet()) {
      if (!Files.isRegularFile(folder.resolve(file))) {
        throw AnabranchException.expected(
            Failure.MODEL, "shard " + file, "missing", "a file beside " + INDEX);
      }
    }
    var all =
        of(
            String.valueOf(folder.getFileName()),
            config,
            files.keySet().stream().map(folder::resolve).toList());
    try {
      all.shards.forEach(shard -> agree(shard, files.getOrDefault(shard.name(), Set.of())));
      return all;
    } catch (RuntimeException e) {
      all.close();
      throw e;
    }
  }

  private static String fileName(Object value) {
    if (value instanceof String file
        && file.endsWith(".safetensors")
        && file.chars().allMatch(c -> c > ' ' && c != '/' && c != '\\' && c != ':' && c < 127)) {
      return file;
    }
    throw AnabranchException.expected(
        Failure.CORRUPT, INDEX + ": file", value, "the name of a .safetensors file in the folder");
  }

  private static void agree(SafeTensors shard, Set<String> listed) {
    for (var tensor : listed) {
      if (!shard.tensors().containsKey(tensor)) {
        throw AnabranchException.expected(
            Failure.CORRUPT,
            shard.name() + ": tensor '" + tensor + "'",
            "missing",
            "there, as " + INDEX + " says");
      }
    }
    for (var tensor : shard.tensors().keySet()) {
      if (!listed.contains(tensor)) {
        throw AnabranchException.expected(
            Failure.CORRUPT,
            shard.name() + ": tensor '" + tensor + "'",
            "there",
            "listed for this file in " + INDEX);
      }
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Map<String, Object> config() {
    return config;
  }

  @Override
  public Map<String, Stored> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  @Override
  public void fp32(String tensor, MemorySegment into) {
    shard(tensor).fp32(tensor, into);
  }

  @Override
  public void bf16(String tensor, MemorySegment into) {
    shard(tensor).bf16(tensor, into);
  }

  private SafeTensors shard(String tensor) {
    var shard = holder.get(tensor);
    if (shard == null) {
      throw AnabranchException.expected(
          Failure.MODEL,
          name + ": tensor '" + tensor + "'",
          "missing",
          "one of the model's tensors");
    }
    return shard;
  }

  @Override
  public void release() {
    shards.forEach(SafeTensors::release);
  }

  @Override
  public void close() {
    shards.forEach(SafeTensors::close);
  }
}
