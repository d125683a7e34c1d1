#!/usr/bin/env bash
# torch 2.13.0 (CPU, x86-64 wheel): GroupNorm of a tensor in channels_last order loses what is small beside the mean.
#
# The same module, the same float32 numbers, in two orders in memory. In the usual order the answer is right to the last digits.
# In channels_last order the variance is the mean of the squares less the square of the mean, in float32: of one channel a
# group that is 1 with a spread of a hundredth, values are off by half a standard deviation, and by two where the spread
# is a thousandth. A VAE's encoder meets that in pictures with plain areas: latents of one moved by 0.24 when the model was
# turned to channels_last, the advice for convolutions on processors. Whoever compares a port with torch must say in which
# order torch was asked.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cat >norm.py <<'PY'
import torch

torch.set_num_threads(1)
torch.manual_seed(0)
norm = torch.nn.GroupNorm(32, 32, eps=1e-6)
for spread in (0.1, 0.01, 0.001):
    x = 1 + spread * torch.randn(1, 32, 336, 400)
    exact = torch.nn.functional.group_norm(x.double(), 32, eps=1e-6)
    usual, last = (norm(y).sub(exact).abs().max().item() for y in (x, x.to(memory_format=torch.channels_last)))
    print(f"spread {spread}: usual order within 0.001: {usual < 1e-3}, channels_last off by more than 0.005: {last > 5e-3}", flush=True)
print(f"at 0.01 channels_last is off by {norm((1 + 0.01 * (g := torch.randn(1, 32, 336, 400))).to(memory_format=torch.channels_last)).sub(torch.nn.functional.group_norm((1 + 0.01 * g).double(), 32, eps=1e-6)).abs().max().item():.1f}")
PY
seen=$(venv/bin/python -W ignore norm.py)
expected='spread 0.1: usual order within 0.001: True, channels_last off by more than 0.005: True
spread 0.01: usual order within 0.001: True, channels_last off by more than 0.005: True
spread 0.001: usual order within 0.001: True, channels_last off by more than 0.005: True'
echo "$seen"
[ "$(head -n 3 <<<"$seen")" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
