package dev.anabranch.torch.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The fp32 tensors of an ONNX graph under their Hugging Face names.
 *
 * <p>Exporters leave matrices anonymous and transposed ({@code onnx::MatMul_733}, [in, out]); the
 * node that multiplies by one carries the module's path, which is where its name comes from. Holds
 * the file mapped until it is closed. Not thread-safe.
 */
public final class OnnxFile implements AutoCloseable {
  private static final int GRAPH = 7; // of ModelProto
  private static final int NODE = 1; // of GraphProto
  private static final int INITIALIZER = 5;
  private static final int FLOAT = 1; // TensorProto.DataType
  private static final int MAX_DIMENSIONS = 8;

  private final String where;
  private final Arena arena;
  private final MemorySegment mapped;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, long[]> integers = new HashMap<>();

  private record Entry(long[] shape, MemorySegment data, boolean transposed) {}

  private record Node(String name, String kind, List<String> inputs, List<String> outputs) {}

  private OnnxFile(String where, Arena arena, MemorySegment mapped) {
    this.where = where;
    this.arena = arena;
    this.mapped = mapped;
  }

  /** Maps a file and reads its table of contents. */
  public static OnnxFile open(Path path) throws IOException {
    var arena = Arena.ofShared();
    try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
      var mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      var file = new OnnxFile(path.getFileName().toString(), arena, mapped);
      file.read();
      return file;
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Shape by name; matrices are [out, in] as in a Hugging Face checkpoint. */
  public Map<String, long[]> shapes() {
    var shapes = new LinkedHashMap<String, long[]>();
    entries.forEach((name, entry) ->
        shapes.put(
            name,
            entry.transposed ? new long[] {entry.shape[1], entry.shape[0]} : entry.shape.clone()));
    return shapes;
  }

  /** A view of a tensor, valid in the scope that is open now and while this file is open. */
  public Tensor view(String name) {
    LibTorch.boot();
    var entry = entries.get(name);
    if (entry == null) {
      throw new IllegalArgumentException(
          where + ": '" + name + "' (expected: one of " + entries.keySet() + ")");
    }
    Tensor view = Tensors.view(entry.data, ScalarType.Float, entry.shape);
    return entry.transposed ? view.t() : view;
  }

  /**
   * The number of attention heads, from the constant shape that splits a layer's query into heads:
   * the four entries [0, 0, heads, d / heads] or [b, t, heads, d / heads].
   *
   * @return 0 if the graph does not say
   */
  public int heads(int width) {
    for (long[] shape : integers.values()) {
      if (shape.length == 4 && shape[2] > 0 && shape[3] > 0 && shape[2] * shape[3] == width) {
        return (int) shape[2];
      }
    }
    return headsFromConcat(width);
  }

  /** Lets go of the pages that were read; they are read again when they are needed. */
  void release() {
    if (arena.scope().isAlive()) {
      mapped.unload();
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  private void read() {
    var model = new WireReader(where, mapped);
    boolean found = false;
    var initializers = new LinkedHashMap<String, Entry>();
    while (model.next()) {
      if (model.field() == GRAPH) {
        found = true;
        readGraph(model.nested(), initializers);
      }
    }
    if (!found) {
      throw new IllegalArgumentException(where + ": no graph (expected: an ONNX model)");
    }
    rename(initializers);
  }

  private void readGraph(WireReader graph, Map<String, Entry> initializers) {
    while (graph.next()) {
      switch (graph.field()) {
        case NODE -> nodes.add(readNode(graph.nested()));
        case INITIALIZER -> readTensor("", graph.nested(), initializers);
        default -> {}
      }
    }
  }

  private Node readNode(WireReader node) {
    var inputs = new ArrayList<String>();
    var outputs = new ArrayList<String>();
    String name = "";
    String kind = "";
    WireReader constant = null;
    while (node.next()) {
      switch (node.field()) {
        case 1 -> inputs.add(node.text());
        case 2 -> outputs.add(node.text());
        case 3 -> name = node.text();
        case 4 -> kind = node.text();
        case 5 -> constant = node.nested();
        default -> {}
      }
    }
    if (kind.equals("Constant") && constant != null && outputs.size() == 1) {
      readConstant(outputs.get(0), constant);
    }
    return new Node(name, kind, inputs, outputs);
  }

  private void readConstant(String name, WireReader attribute) {
    while (attribute.next()) {
      if (attribute.field() == 5) { // AttributeProto.t
        readTensor(name, attribute.nested(), new LinkedHashMap<>());
      }
    }
  }

  private void readTensor(String given, WireReader tensor, Map<String, Entry> initializers) {
    var dimensions = new ArrayList<Long>();
    String name = given;
    long type = 0;
    var data = MemorySegment.NULL;
    while (tensor.next()) {
      switch (tensor.field()) {
        case 1 -> numbers(tensor, dimensions);
        case 2 -> type = tensor.number();
        case 8 -> name = given.isEmpty() ? tensor.text() : given;
        case 9 -> data = tensor.bytes();
        default -> {}
      }
    }
    long[] shape = dimensions.stream().mapToLong(Long::longValue).toArray();
    if (type == FLOAT) {
      requireBytes(name, shape, data.byteSize());
      initializers.put(name, new Entry(shape, data, false));
    } else if (type == 7 && shape.length <= 1 && data.byteSize() <= 64) {
      integers.put(name, longs(data));
    }
  }

  private static long[] longs(MemorySegment data) {
    long[] values = new long[(int) (data.byteSize() / 8)];
    for (int i = 0; i < values.length; i++) {
      values[i] = data.get(java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED, 8L * i);
    }
    return values;
  }

  private static void numbers(WireReader tensor, List<Long> into) {
    if (!tensor.hasBytes()) {
      into.add(tensor.number());
      return;
    }
    for (var packed = tensor.nested(); !packed.atEnd(); ) {
      into.add(packed.packed());
    }
  }

  private void requireBytes(String name, long[] shape, long bytes) {
    if (shape.length > MAX_DIMENSIONS) {
      throw broken(name, "dimensions " + shape.length, "at most " + MAX_DIMENSIONS);
    }
    long expected = Float.BYTES;
    for (long size : shape) {
      if (size < 0 || (size > 0 && expected > Long.MAX_VALUE / size)) {
        throw broken(name, "dimension " + size, "0 or more, and less than 2^63 bytes in all");
      }
      expected *= size;
    }
    if (bytes != expected) {
      throw broken(name, "bytes " + bytes, Long.toString(expected));
    }
  }

  private IllegalArgumentException broken(String name, String what, String expected) {
    return new IllegalArgumentException(
        where + ": tensor '" + name + "': " + what + " (expected: " + expected + ")");
  }

  /** Gives the anonymous matrices the path of the node that multiplies by them. */
  private void rename(Map<String, Entry> initializers) {
    var byMatrix = new HashMap<String, String>();
    for (Node node : nodes) {
      if ((node.kind.equals("MatMul") || node.kind.equals("Gemm")) && node.inputs.size() >= 2) {
        byMatrix.put(node.inputs.get(1), moduleOf(node));
      }
    }
    initializers.forEach((name, entry) -> {
      String module = byMatrix.get(name);
      if (module == null || !name.startsWith("onnx::")) {
        entries.put(plain(name), entry);
      } else if (entry.shape.length == 2) {
        entries.put(plain(module + ".weight"), new Entry(entry.shape, entry.data, true));
      }
    });
  }

  private static String moduleOf(Node node) {
    String path = node.name;
    int last = path.lastIndexOf('/');
    String module = last > 0 ? path.substring(path.startsWith("/") ? 1 : 0, last) : path;
    return module.replace('/', '.');
  }

  private static String plain(String name) {
    for (String prefix : List.of("bert.", "model.bert.", "model.", "0.auto_model.")) {
      if (name.startsWith(prefix + "e") || name.startsWith(prefix + "p")) {
        return name.substring(prefix.length());
      }
    }
    return name;
  }

  /** Heads as a scalar constant among the inputs of the Concat that builds the shape. */
  private int headsFromConcat(int width) {
    for (Node node : nodes) {
      if (!node.kind.equals("Concat") || node.inputs.size() != 4) {
        continue;
      }
      long heads = scalar(node.inputs.get(2));
      long each = scalar(node.inputs.get(3));
      if (heads > 0 && heads * each == width) {
        return (int) heads;
      }
    }
    return 0;
  }

  private long scalar(String name) {
    long[] value = integers.get(name);
    return value != null && value.length == 1 ? value[0] : 0;
  }
}
