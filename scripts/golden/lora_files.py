"""Writes the files of the LoRA table in docs/models.md, one of every kind, and what the packages themselves add to the
weights with them.

    python3 scripts/golden/lora_files.py [name ...]

With names, or parts of names, only those files are made again. Needs torch, diffusers, transformers, peft, lycoris-lora
and safetensors. Every `test/golden/models/lora-*.safetensors` is made on the tiny checkpoint of tiny.py, a few modules of it. Kinds that no package on PyPI writes (kohya's sd-scripts,
OneTrainer, ai-toolkit, ComfyUI, diffusers before 0.22) are put together here from the same factors, under the names that
those tools write. `test/golden/lora-files.safetensors` holds, for each file that is read, the product of each module's
difference with one fixed vector: from diffusers' own loader where it reads the file (`load_lora_weights`, then PEFT's
`get_delta_weight`), else from the package that made it; with another strength than 1 behind `@` where that is not as many times
the difference. `test/golden/lora-runs.safetensors` holds what whole networks answer with some of them (lora_runs.py).
"""

import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import lora_changes
import lora_families
import lora_foreign
import lora_runs
import lora_spellings
from lora_models import probe

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"


def probes(key, made):
    """The products to keep of one tensor's difference, or of its differences by strength."""
    if torch.is_tensor(made):
        return {key: probe(made)}
    first = made[1.0]
    curved = {s: delta for s, delta in made.items() if not torch.allclose(delta, s * first, atol=1e-6)}
    return {key: probe(first)} | {f"{key}@{s:g}": probe(delta) for s, delta in curved.items()}


def main(wanted):
    measured, answered = FOLDER / "lora-files.safetensors", FOLDER / "lora-runs.safetensors"
    deltas = load_file(measured) if wanted else {}
    answers = load_file(answered) if wanted and answered.exists() else {}
    made = {}
    for module in (lora_spellings, lora_changes, lora_families, lora_foreign):
        for make in module.FILES:
            name = make.__name__.replace("_", "-")
            if wanted and not any(part in name for part in wanted):
                continue
            torch.manual_seed(len(name))
            target = FOLDER / "models" / f"{name}.safetensors"
            deltas = {key: value for key, value in deltas.items() if not key.startswith(f"{target.name}|")}
            with tempfile.TemporaryDirectory() as folder:
                expected = make(Path(folder), target) or {}
            if module is lora_changes:
                made[name.removeprefix("lora-")] = expected
            for (part, tensor), delta in expected.items():
                deltas |= probes(f"{target.name}|{part}|{tensor}", delta)
            print(f"{name}: {target.stat().st_size} bytes, {len(expected)} tensors")
    answers |= lora_runs.runs(made)
    save_file(deltas, measured)
    save_file(answers, answered)


if __name__ == "__main__":
    main(sys.argv[1:])
