"""Shows that transformers and peft read what `anabranch export` writes, to equal logits.

Needs: pip install torch transformers peft. Run, after a run of a BERT classifier:

    ./anabranch export RUN --to merged     (or --to peft)
    python tools/peft_check.py RUN RUN/merged LINES
    python tools/peft_check.py RUN RUN/peft LINES --base FOLDER

The run has to have `model: { precision: { frozen: fp32 } }`: bf16, the default where the processor has it,
differs from what the libraries compute by about 1e-3. LINES has one text a line. FOLDER is the base model as a Hugging Face folder; the merged folder of a run
that trains the classifier alone is one. Logits are compared up to what a softmax cannot see.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification, BertForSequenceClassification

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("run")
parser.add_argument("folder")
parser.add_argument("lines")
parser.add_argument("--base", help="the base model of an adapter")
parser.add_argument("--max-tokens", type=int, default=64)
args = parser.parse_args()

here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
texts = [line for line in open(args.lines, encoding="utf-8").read().splitlines() if line]
answers = subprocess.run(
    [os.path.join(here, "anabranch"), "predict", args.run, "--json"],
    input="\n".join(texts) + "\n", capture_output=True, text=True, check=True).stdout.splitlines()
ours = torch.log(torch.tensor([list(json.loads(a)["probabilities"].values()) for a in answers]))


def own_class(folder):
    """The class that lies in the folder, if there is one."""
    code = os.path.join(folder, "anabranch_bert.py")
    if not os.path.exists(code):
        return BertForSequenceClassification
    spec = importlib.util.spec_from_file_location("anabranch_bert", code)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    readme = open(os.path.join(folder, "README.md"), encoding="utf-8").read()
    return next(c for n, c in vars(module).items()
                if getattr(c, "__module__", "") == "anabranch_bert" and n.endswith("ForSequenceClassification") and n in readme)


if os.path.exists(os.path.join(args.folder, "adapter_config.json")):
    from peft import PeftModel

    base = own_class(args.folder).from_pretrained(args.base, num_labels=ours.shape[1], ignore_mismatched_sizes=True)
    model = PeftModel.from_pretrained(base, args.folder).eval()
    tokenizer = Tokenizer.from_file(os.path.join(args.base, "tokenizer.json"))
else:
    model = AutoModelForSequenceClassification.from_pretrained(args.folder, trust_remote_code=True).eval()
    tokenizer = Tokenizer.from_file(os.path.join(args.folder, "tokenizer.json"))

tokenizer.enable_truncation(args.max_tokens)
tokenizer.enable_padding()
encoded = tokenizer.encode_batch(texts)
with torch.no_grad():
    theirs = torch.log_softmax(model(
        input_ids=torch.tensor([e.ids for e in encoded]),
        attention_mask=torch.tensor([e.attention_mask for e in encoded])).logits, -1)
worst = (ours - theirs).abs().max().item()
print(f"{type(model).__name__}: {len(texts)} texts, {ours.shape[1]} classes, largest difference {worst:.2e}")
sys.exit(0 if worst < 1e-4 else 1)
