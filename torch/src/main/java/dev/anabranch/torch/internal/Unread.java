package dev.anabranch.torch.internal;

import dev.anabranch.torch.files.Pretrained;
import dev.anabranch.torch.files.Stored;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** A stored model whose shapes count and whose values do not: each is zero, and nothing is read. */
public record Unread(Pretrained stored) implements Pretrained {
  @Override
  public String name() {
    return stored.name();
  }

  @Override
  public Map<String, Object> config() {
    return stored.config();
  }

  @Override
  public Map<String, Stored> tensors() {
    return stored.tensors();
  }

  @Override
  public void fp32(String tensor, MemorySegment into) {
    into.fill((byte) 0);
  }

  @Override
  public void bf16(String tensor, MemorySegment into) {
    into.fill((byte) 0);
  }

  @Override
  public void release() {
    stored.release();
  }

  @Override
  public void close() {
    stored.close();
  }
}
