package dev.anabranch.torch.files;

import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A model of one mapped file whose tensors have been given the names of Hugging Face. Any number of
 * threads may read.
 */
final class MappedModel implements Pretrained {
  private final Map<String, Object> config;
  private final Map<String, Placed> placed;
  private final Map<String, Stored> tensors = new LinkedHashMap<>();
  private final Mapped file;

  /**
   * One tensor.
   *
   * @param stored under its new name
   * @param values as they lie in the file
   * @param pairedRows rows of one attention head that lie as neighbouring pairs (0, h/2), (1, h/2 +
   *     1), …; 0 if rows lie in order
   */
  record Placed(Stored stored, MemorySegment values, int pairedRows) {}

  MappedModel(Map<String, Object> config, Map<String, Placed> placed, Mapped file) {
    this.config = Collections.unmodifiableMap(config);
    this.placed = placed;
    this.file = file;
    placed.forEach((tensor, value) -> tensors.put(tensor, value.stored));
  }

  @Override
  public String name() {
    return file.where();
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
    read(tensor, into, Values.As.FP32);
  }

  @Override
  public void bf16(String tensor, MemorySegment into) {
    read(tensor, into, Values.As.BF16);
  }

  private void read(String tensor, MemorySegment into, Values.As as) {
    var from = placed.get(tensor);
    if (from == null) {
      throw file.unsupported("tensor '" + tensor + "'", "missing", "one of the model's tensors");
    }
    var encoding = from.stored.encoding();
    if (from.pairedRows == 0) {
      Values.read(from.values, encoding, into, as);
      return;
    }
    long[] shape = from.stored.shape();
    long columns = shape.length == 2 ? shape[1] : 1;
    Values.readRows(from.values, encoding, columns, row -> paired(row, from.pairedRows), into, as);
  }

  /**
   * Where a row of a query or key matrix lies. Rotary positions turn entries i and i + h/2 of a
   * head together in Hugging Face's layout, and entries 2i and 2i + 1 in that of GGUF and llama2.c.
   */
  static long paired(long row, int headRows) {
    long head = row / headRows;
    long i = row % headRows;
    int half = headRows / 2;
    return head * headRows + i % half * 2 + i / half;
  }

  @Override
  public void release() {
    file.release();
  }

  @Override
  public void close() {
    file.close();
  }
}
