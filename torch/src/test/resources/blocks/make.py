"""Writes blocks.txt: a block of random bytes of each format of ggml, and what the Python package gguf makes of it.

Run: python make.py > blocks.txt   (gguf 0.19.0, numpy)
Each line: the format, the block in hexadecimal digits, the values as 32-bit patterns.
"""
import gguf, numpy as np

rng = np.random.default_rng(4)
for name in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "BF16", "F16"):
    kind = gguf.GGMLQuantizationType[name]
    size = gguf.GGML_QUANT_SIZES[kind][1] * (1 if name[0] == "Q" else 16)
    while True:
        block = rng.integers(0, 256, size=(1, size), dtype=np.uint8)
        values = gguf.quants.dequantize(block, kind).astype(np.float32)
        if np.isfinite(values).all():
            break
    print(name, block.tobytes().hex(), values.tobytes().hex())
