#!/usr/bin/env bash
# lycoris-lora 4.1.3 (torch 2.13.0, CPU): a LoHa that is merged acts alpha/rank times as strong as the one that was trained.
#
# Trained and applied live, a LoHa of rank 4 and alpha 1 adds alpha/rank = 1/4 of its product. `merge_to` and
# `get_diff_weight` multiply by alpha/rank a second time, so the merged checkpoint moves by a quarter of that again. LoCon
# in the same package does it once in both. Whoever takes get_diff_weight as the truth for alpha != rank implements the wrong
# strength.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 lycoris-lora==4.1.3
cat >merge.py <<'PY'
import torch
from lycoris.modules.locon import LoConModule
from lycoris.modules.loha import LohaModule

torch.manual_seed(0)
for name, kind in (("LoCon", LoConModule), ("LoHa", LohaModule)):
    layer = torch.nn.Linear(64, 64, bias=False)
    before = layer.weight.detach().clone()
    module = kind("layer", layer, 1.0, 4, 1)  # rank 4, alpha 1
    for parameter in module.parameters():
        if parameter.requires_grad and parameter.dim() >= 2:
            torch.nn.init.normal_(parameter, std=0.3)
    x = torch.randn(5, 64)
    module.apply_to()
    live = layer(x) - x @ before.T
    module.restore()
    module.merge_to(1.0)
    merged = x @ (layer.weight.detach() - before).T
    print(f"{name}: live / merged = {(live.norm() / merged.norm()).item():.3f}")
PY
seen=$(venv/bin/python merge.py 2>/dev/null)
expected='LoCon: live / merged = 1.000
LoHa: live / merged = 4.000'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
