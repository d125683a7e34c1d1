"""Writes what torch reads in every 8-bit float: test/golden/float8.safetensors. For both kinds the 256 bytes as a tensor of
that kind, their float32 values, and these times a scale.

    python3 scripts/golden/float8.py

Needs torch and safetensors.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

TARGET = Path(__file__).resolve().parents[2] / "test" / "golden" / "float8.safetensors"
SCALE = torch.tensor(0.0123, dtype=torch.float32)

tensors = {"scale": SCALE}
for name, kind in {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}.items():
    bits = torch.arange(256, dtype=torch.int32).to(torch.uint8).reshape(64, 4).view(kind)
    tensors[f"{name}.weight"] = bits
    tensors[f"{name}.values"] = bits.to(torch.float32)
    tensors[f"{name}.scaled"] = bits.to(torch.float32) * SCALE
save_file(tensors, TARGET, metadata={"torch": torch.__version__})
