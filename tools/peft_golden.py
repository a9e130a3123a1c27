"""Shows that the real peft and transformers load what Anabranch writes, to equal logits.

Needs: pip install torch transformers peft safetensors. Run, after `make build`:

    G=torch/src/test/resources/golden
    java -cp "$(cat app/target/classpath.txt)" tools/PeftRoundTrip.java $G OUT
    python tools/peft_golden.py $G OUT

OUT has the adapters of the golden folders as Anabranch wrote them after reading, and the merged models.
"""

import os
import sys

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

golden, out = sys.argv[1:3]
bad = 0
for name in sorted(os.listdir(out)):
    auto = AutoModelForSequenceClassification if name.startswith("bert") else AutoModelForCausalLM
    inputs = {k[3:]: v for k, v in load_file(f"{golden}/{name}/expected.safetensors").items() if k.startswith("in.") and k != "in.labels"}
    for form in sorted(os.listdir(f"{out}/{name}")):
        folder = f"{out}/{name}/{form}"
        if form == "peft":
            base = auto.from_pretrained(f"{golden}/{name.split('-')[0]}")
            model = PeftModel.from_pretrained(base, folder).eval()
        else:
            model = auto.from_pretrained(folder).eval()
        expected = load_file(f"{golden}/{name}/{'expected' if form == 'peft' else 'expected-merged'}.safetensors")["out.logits"]
        with torch.no_grad():
            logits = model(**inputs).logits
        worst = (logits - expected).abs().max().item()
        bad += worst >= 1e-4
        print(f"{name} {form}: {type(model).__name__}, logits {list(logits.shape)}, largest difference {worst:.1e}")
sys.exit(bad)
