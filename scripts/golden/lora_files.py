"""Writes the files of the LoRA table in docs/models.md, one of every kind, and what the packages themselves add to the
weights with them.

    python3 scripts/golden/lora_files.py [name ...]

With names, or parts of names, only those files are made again. Needs torch, diffusers, transformers, peft, lycoris-lora
and safetensors. Every `test/golden/models/lora-*.safetensors` is made on the tiny checkpoint of tiny.py, a few modules of it. Kinds that no package on PyPI writes (kohya's sd-scripts,
OneTrainer, ai-toolkit, ComfyUI, diffusers before 0.22) are put together here from the same factors, under the names that
those tools write. `test/golden/lora-files.safetensors` holds, for each file that is read, the product of each module's
difference with one fixed vector: from diffusers' own loader where it reads the file (`load_lora_weights`, then PEFT's
`get_delta_weight`), else from the package that made it.
"""

import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import lora_families
import lora_foreign
import lora_spellings
from lora_models import probe

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"


def main(wanted):
    measured = FOLDER / "lora-files.safetensors"
    deltas = load_file(measured) if wanted else {}
    for module in (lora_spellings, lora_families, lora_foreign):
        for make in module.FILES:
            name = make.__name__.replace("_", "-")
            if wanted and not any(part in name for part in wanted):
                continue
            torch.manual_seed(len(name))
            target = FOLDER / "models" / f"{name}.safetensors"
            deltas = {key: value for key, value in deltas.items() if not key.startswith(f"{target.name}|")}
            with tempfile.TemporaryDirectory() as folder:
                expected = make(Path(folder), target) or {}
            for (part, module_name), delta in expected.items():
                deltas[f"{target.name}|{part}|{module_name}"] = probe(delta)
            print(f"{name}: {target.stat().st_size} bytes, {len(expected)} modules")
    save_file(deltas, measured)


if __name__ == "__main__":
    main(sys.argv[1:])
