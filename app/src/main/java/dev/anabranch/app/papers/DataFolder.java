package dev.anabranch.app.papers;

import dev.anabranch.app.plan.Catalog;
import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where the files of plans lie: paths in plans that begin with {@code datasets/} or {@code models/}
 * are looked for in one folder in place of both.
 *
 * @param folder null: as the paths stand, from the working directory
 */
record DataFolder(@Nullable Path folder) {
  private static final List<String> ROOTS = List.of("datasets/", "models/");

  static boolean isRelative(String path) {
    return ROOTS.stream().anyMatch(root -> path.startsWith(root) && path.length() > root.length());
  }

  /** A path as this machine has it. */
  String here(String path) {
    return folder == null || !isRelative(path)
        ? path
        : folder.resolve(path.substring(path.indexOf('/') + 1)).toString();
  }

  /** The same plan with paths as this machine has them. */
  RunPlan in(RunPlan plan, Catalog catalog) {
    if (folder == null) {
      return plan;
    }
    return RunPlan.of(catalog, section(plan.toMap(), this::here));
  }

  /** The files that a plan names, as it names them. */
  static TreeSet<String> files(RunPlan plan) {
    var paths = new TreeSet<String>();
    each(
        plan.toMap(),
        text -> {
          if (isRelative(text)) {
            paths.add(text);
          }
        });
    return paths;
  }

  /** Refuses a plan whose files are not there. */
  void require(RunPlan plan, Claims claims) {
    var paths = files(plan);
    for (var path : paths) {
      if (!there(here(path))) {
        throw AnabranchException.expected(
            Failure.DATA,
            here(path),
            "no such file",
            claims.howToGet(path).orElse("a file that the plan names")
                + "; put it there, or name the folder that takes the place of datasets and models"
                + " with --data FOLDER");
      }
    }
  }

  /** A pattern is there if its folder is: its source says what is missing in it. */
  private static boolean there(String path) {
    if (path.contains("*")) {
      var parent = Path.of(path.substring(0, path.indexOf('*')) + "x").getParent();
      return parent != null && Files.isDirectory(parent);
    }
    return Files.exists(Path.of(path));
  }

  private static Map<String, Object> section(Map<?, ?> map, UnaryOperator<String> change) {
    var out = new LinkedHashMap<String, Object>();
    map.forEach((key, value) -> out.put(String.valueOf(key), changed(value, change)));
    return out;
  }

  private static Object changed(Object value, UnaryOperator<String> change) {
    return switch (value) {
      case String text -> change.apply(text);
      case Map<?, ?> map -> section(map, change);
      case List<?> list -> list.stream().map(one -> changed(one, change)).toList();
      default -> value;
    };
  }

  private static void each(Object value, Consumer<String> see) {
    switch (value) {
      case String text -> see.accept(text);
      case Map<?, ?> map -> map.values().forEach(one -> each(one, see));
      case List<?> list -> list.forEach(one -> each(one, see));
      default -> {
        // Numbers and switches name no file.
      }
    }
  }
}
