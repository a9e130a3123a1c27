package dev.anabranch.torch;

/** How frozen layers are kept and computed. What is trained is always fp32. */
public enum Precision {
  /** bf16 where the processor multiplies it in hardware (AVX512-BF16), fp32 elsewhere. */
  AUTO,
  FP32,
  BF16
}
