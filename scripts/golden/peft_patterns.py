"""Writes which modules PEFT means by a pattern of `rank_pattern` or `alpha_pattern`: test/golden/peft-patterns.json.

    python3 scripts/golden/peft_patterns.py

Needs peft. null stands where Python finds no regular expression.
"""

import json
import re
from pathlib import Path

from peft.utils.other import get_pattern_key

NAMES = [
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
    "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q",
    "down_blocks.1.attentions.0.transformer_blocks.10.attn1.to_out.0",
    "down_blocks.1.attentions.0.proj_in",
    "mid_block.attentions.0.proj_in",
    "mid_block.resnets.1.conv1",
    "up_blocks.0.upsamplers.0.conv",
    "text_model.encoder.layers.11.self_attn.q_proj",
    "encoder.layers.1.mlp.fc2",
    "conv_in",
    "fc2",
]
PATTERNS = [
    "to_q",
    "_q",
    "attn1.to_q",
    "attn1Xto_q",
    "^conv_in",
    "^proj_in",
    "conv",
    "conv.",
    "conv_in$",
    "^$",
    "",
    "(to_q|fc2)",
    "to_q|fc2",
    "(?:to_[qkv]|to_out.0)",
    ".*attn1.*",
    ".*",
    "attn1.*",
    r".*\.attn[12]\.to_(q|out\.0)",
    r"down_blocks\.\d+\..*proj_in",
    r"down_blocks\.\d+\..*to_q",
    r"transformer_blocks\.\d\..*",
    r"transformer_blocks\.\d{2}\.attn1\.to_out\.0",
    r"layers\.1{2}\.self_attn\.q_proj",
    r"layers\.1{1,2}\..*",
    r"layers\.1{2,}\..*",
    r"layers\.1{,1}\..*",
    r"[^.]+",
    r"[^.]+\.[^.]+",
    r"[a-z_]+\d?",
    r"[]a-z]+_in",
    r"\w+",
    r"\W*conv_in",
    r"(mid|down)_block[s.]?.*",
    r"(attentions\.\d\.)?proj_in",
    r"(?P<side>up|down)_blocks.*",
    r"(a|b|)*conv_in",
    r".*?fc2",
    r"fc2??",
    r"^(mid_block|up_blocks)\..*conv1?",
    "$",
    "(to_q",
    "to_q)",
    "*to_q",
    "[to_q",
    "to_q{2,1}",
]


def matches(pattern, name):
    return get_pattern_key([pattern], name) == pattern and re.match(rf"(.*\.)?({pattern})$", name) is not None


def answers(pattern):
    try:
        return [matches(pattern, name) for name in NAMES]
    except re.error:
        return None


table = {pattern: answers(pattern) for pattern in PATTERNS}
target = Path(__file__).resolve().parents[2] / "test" / "golden" / "peft-patterns.json"
target.write_text(json.dumps({"names": NAMES, "patterns": table}, indent=2) + "\n")
print({k: (v if v is None else sum(v)) for k, v in table.items()})
