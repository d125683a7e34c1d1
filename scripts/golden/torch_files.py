"""Files that torch itself writes, in both of its formats, with what a reader may meet: every element type, views that share
or permute storages, parameters, what training programs put around the tensors and beside them, repacked archives, and
what is refused. Writes test/golden/torch/* and the values torch reads back, test/golden/torch-files.safetensors; then the
proofs checkpoint-torch*, vae-torch* and lora-torch* of docs/models.md from their safetensors twins, and the twins' numbers
into lora-files.safetensors. Run it after checkpoint_files.py and lora_files.py.

    python3 scripts/golden/torch_files.py

Needs torch, numpy, safetensors and the zstd program.
"""

import argparse
import collections
import io
import pathlib
import subprocess
import sys
import tempfile
import types as types_of_python
import zipfile

import numpy as np
import torch
from safetensors.torch import load_file, save_file

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "test" / "golden"
FOLDER = GOLDEN / "torch"
MODELS = GOLDEN / "models"
OLD = {"_use_new_zipfile_serialization": False}
VALUES = {}
# The keys of old files are addresses, so those files differ from run to run in what nobody reads.


def ramp(*shape, dtype=torch.float32):
    count = int(np.prod(shape)) if shape else 1
    return torch.arange(1, count + 1, dtype=torch.float64).reshape(shape).to(dtype)


def types():
    names = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 float8_e4m3fn float8_e5m2 uint16 uint32 uint64"
    made = {name: ramp(2, 3, dtype=getattr(torch, name)) for name in names.split()}
    made["bool"] = torch.tensor([True, False, True])
    made["scalar"] = torch.tensor(1.5)
    made["empty"] = torch.zeros(0, 3)
    return made


def views():
    base = ramp(4, 6)
    made = {
        "whole": base,
        "tied": base,
        "rows": base[1:3],
        "last": base[3],
        "transposed": base.t(),
        "columns": base[:, 1:4],
        "every second": base[::2, ::2],
        "expanded": ramp(1, 3).expand(5, 3),
        "permuted": ramp(2, 3, 4, 5).permute(3, 2, 0, 1),
        "one by one": ramp(3, 1, 1).permute(1, 0, 2),
        "parameter": torch.nn.Parameter(ramp(2, 2)),
        "buffer": torch.nn.parameter.Buffer(ramp(2)),
    }
    return made


def keep(name, tensors):
    for key, value in tensors.items():
        VALUES[f"{name}|{key}"] = value.detach().clone().contiguous()


def both(name, thing, tensors):
    for ending, options in (("zip.pt", {}), ("old.pt", OLD)):
        torch.save(thing, FOLDER / f"{name}-{ending}", **options)
        keep(f"{name}-{ending}", tensors)


class Callback:
    def __init__(self):
        self.best = np.float64(0.5)
        self.seen = {"a", "b"}


# A class of a package that is not there when the file is read.
Callback.__module__ = "pytorch_lightning.callbacks"
sys.modules["pytorch_lightning"] = types_of_python.ModuleType("pytorch_lightning")
sys.modules["pytorch_lightning.callbacks"] = types_of_python.ModuleType("pytorch_lightning.callbacks")
sys.modules["pytorch_lightning.callbacks"].Callback = Callback


def lightning(tensors):
    """As training programs write it: objects of theirs beside the tensors, and the optimiser's own tensors."""
    return {
        "epoch": 3,
        "global_step": 470000,
        "pytorch-lightning_version": "1.4.2",
        "state_dict": collections.OrderedDict(tensors),
        "callbacks": {Callback: {"monitor": "val/loss", "best": np.float64(0.25), "object": Callback()}},
        "optimizer_states": [{"state": {0: {"exp_avg": ramp(3)}}, "param_groups": [{"params": [0], "lr": 1e-4}]}],
        "hyper_parameters": argparse.Namespace(seed=23, device=torch.device("cpu")),
    }


def repack(source, target, compression):
    """The same archive as a zip program writes it: compressed, without torch's alignment."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for entry in old.infolist():
            info = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
            info.compress_type = compression
            new.writestr(info, old.read(entry))


def refused():
    torch.save(torch.nn.Linear(2, 2), FOLDER / "refused-network-zip.pt")
    torch.save({"a": ramp(2, 2), "b": ramp(2, 2).to_sparse()}, FOLDER / "refused-sparse.pt")
    torch.save({"a": ramp(2).to(torch.complex64)}, FOLDER / "refused-complex.pt")
    quantised = torch.quantize_per_tensor(ramp(2, 2), 0.1, 0, torch.qint8)
    torch.save({"a": ramp(2, 2), "b": quantised}, FOLDER / "refused-quantised.pt")
    torch.save({"step": 3, "loss": 0.5}, FOLDER / "refused-empty.pt")
    torch.save({"a": ramp(2), "settings": Callback()}, FOLDER / "refused-object.pt")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "script.pt"
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))
        (FOLDER / "refused-script.pt").write_bytes(path.read_bytes())


def files():
    both("types", types(), types())
    both("views", views(), views())
    tensors = {"model.a.weight": ramp(2, 3), "model.a.bias": ramp(2, dtype=torch.float16)}
    both("lightning", lightning(tensors), tensors)
    nested = {"image_proj": {"latents": ramp(1, 2, 3)}, "ip_adapter": {"1.to_k_ip.weight": ramp(3, 2, dtype=torch.float16)}}
    both("nested", nested, {f"{part}.{key}": value for part, own in nested.items() for key, value in own.items()})
    both("params", {"params": {"a": ramp(1)}, "params_ema": {"a": ramp(2)}}, {"a": ramp(2)})
    both("module", {"model": {f"module.{key}": value for key, value in tensors.items()}}, tensors)
    inversion = {"string_to_token": {"*": 265}, "string_to_param": torch.nn.ParameterDict({"*": torch.nn.Parameter(ramp(2, 4))}), "name": "style", "step": 3}
    torch.save(inversion, FOLDER / "inversion-zip.pt")  # the old form would hold torch's source text of the class
    keep("inversion-zip.pt", {"string_to_param.*": ramp(2, 4)})
    low, high = ramp(4, 1, 1, 1, dtype=torch.float16), ramp(4, 1, 1, 1, dtype=torch.float16) * 2
    patch = (ramp(4, 2, 1, 1, dtype=torch.uint8), low, high)
    own = {f"diffusion_model.a.weight.{index}": part for index, part in enumerate(patch)}
    both("patch", {"diffusion_model.a.weight": patch}, own)
    torch.save(types(), FOLDER / "protocol4-zip.pt", pickle_protocol=4)
    torch.save(types(), FOLDER / "protocol4-old.pt", pickle_protocol=4, **OLD)
    torch.serialization.set_crc32_options(False)
    torch.save(types(), FOLDER / "unchecked-zip.pt")
    torch.serialization.set_crc32_options(True)
    for name in ("protocol4-zip.pt", "protocol4-old.pt", "unchecked-zip.pt"):
        keep(name, types())
    for name in ("types", "views"):
        repack(FOLDER / f"{name}-zip.pt", FOLDER / f"{name}-deflated.pt", zipfile.ZIP_DEFLATED)
        repack(FOLDER / f"{name}-zip.pt", FOLDER / f"{name}-stored.pt", zipfile.ZIP_STORED)
        for ending in ("deflated.pt", "stored.pt"):
            keep(f"{name}-{ending}", {"types": types, "views": views}[name]())
    refused()
    save_file(VALUES, GOLDEN / "torch-files.safetensors")
    (GOLDEN / "torch-files.safetensors").chmod(0o644)


def unpacked(name):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "twin.safetensors"
        path.write_bytes(subprocess.run(["zstd", "-dc", MODELS / f"{name}.zst"], check=True, capture_output=True).stdout)
        return load_file(path)


def proof(name, thing, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / name
        torch.save(thing, path, **options)
        subprocess.run(["zstd", "-q", "-f", "-19", "--long=24", path, "-o", MODELS / f"{name}.zst"], check=True)


def odd(thing):
    """With a text that gives the file an odd size, and so each of its storages an odd place."""
    for note in ("", "a"):
        file = io.BytesIO()
        torch.save({**thing, "note": note}, file, **OLD)
        if len(file.getvalue()) % 2 == 1:
            return {**thing, "note": note}
    raise ValueError("no odd size")


def proofs():
    base = unpacked("checkpoint-base.safetensors")
    proof("checkpoint-torch.ckpt", lightning(base))
    proof("checkpoint-torch-old.ckpt", odd({"state_dict": base}), **OLD)
    vae = unpacked("vae-ldm.safetensors")
    proof("vae-torch.pt", {"state_dict": vae})
    # Matrices as some programs leave them, transposed in memory.
    turned = {key: value.t().contiguous().t() if value.dim() == 2 else value for key, value in vae.items()}
    turned = {key: value.contiguous(memory_format=torch.channels_last) if value.dim() == 4 else value for key, value in turned.items()}
    proof("vae-torch-old.bin", turned, **OLD)
    twin = "lora-kohya-ldm-names.safetensors"
    torch.save(load_file(MODELS / twin), MODELS / "lora-torch.pt")
    measured = load_file(GOLDEN / "lora-files.safetensors")
    for key in [key for key in measured if key.startswith(f"{twin}|")]:
        measured[key.replace(twin, "lora-torch.pt")] = measured[key].clone()
    save_file(measured, GOLDEN / "lora-files.safetensors")
    (GOLDEN / "lora-files.safetensors").chmod(0o644)


FOLDER.mkdir(exist_ok=True)
files()
proofs()
