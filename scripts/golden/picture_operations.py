"""Writes what Pillow, OpenCV and numpy make of pictures: test/golden/picture-operations.safetensors has the photographs and
the results that cannot be told by a checksum, picture-operations.json the cases with the checksums of all others.

    python3 scripts/golden/picture_operations.py

Needs pillow 9.4, opencv-python-headless 4.10, numpy, scikit-image, scikit-learn and safetensors. Photographs: china.jpg and
flower.jpg of scikit-learn (CC BY, Romain Guy; CC BY, dany13), astronaut.png (NASA, public domain), chelsea.png (CC0, Stefan
van der Walt) of scikit-image; crops of a few dozen pixels a side.

The reference's Pillow is 9, which always filters rows before columns; 13 begins with the columns where the height shrinks and
the width does not, which gives other bytes. So this refuses to run with a newer one.

Synthetic pictures are made of their place alone, by the same integers here and in the test: "noise" has any values, "extreme"
only 0 and 255 (what shoots over is cut off), "ramp" grows along both axes, "flat" is one value.
"""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import PIL
from PIL import Image, ImageFilter
from safetensors.numpy import save_file
from skimage import data as skimage_data
from sklearn.datasets import load_sample_image

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"
cv2.setNumThreads(1)
assert PIL.__version__.startswith("9."), PIL.__version__
assert cv2.__version__ == "4.10.0", cv2.__version__


def synthetic(kind, width, height, channels, seed):
    i = np.arange(width * height * channels, dtype=np.uint64)
    word = 0xFFFFFFFF
    v = (i * 2654435761 + seed * 40503) & word
    v ^= v >> 15
    v = (v * 2246822519) & word
    v ^= v >> 13
    if kind == "noise":
        v = (v >> 8) & 255
    elif kind == "extreme":
        v = ((v >> 8) & 1) * 255
    elif kind == "ramp":
        pixel, channel = i // channels, i % channels
        v = ((pixel % width) * (3 + seed) + (pixel // width) * 5 + channel * 11) & 255
    else:
        v = np.full_like(i, seed & 255)
    shape = (height, width, 3) if channels == 3 else (height, width)
    return v.astype(np.uint8).reshape(shape)


def photographs():
    """RGB."""
    crops = {
        "china": load_sample_image("china.jpg")[150:230, 280:392],
        "flower": load_sample_image("flower.jpg")[180:252, 250:346],
        "astronaut": skimage_data.astronaut()[40:136, 180:260],
        "chelsea": skimage_data.chelsea()[90:155, 100:201],
    }
    return {name: np.ascontiguousarray(crop) for name, crop in crops.items()}


PHOTOS = photographs()


def source(case):
    """The picture that a case starts from."""
    if "photo" in case:
        picture = PHOTOS[case["photo"]]
        return picture[:, :, 1].copy() if case.get("channels") == 1 else picture
    return synthetic(*(case[key] for key in ("kind", "width", "height", "channels", "seed")))


def resized(picture, width, height, how):
    return np.asarray(Image.fromarray(picture).resize((width, height), resample=how))


def filled(picture, width, height):
    ratio, own = width / height, picture.shape[1] / picture.shape[0]
    wide = width if ratio > own else picture.shape[1] * height // picture.shape[0]
    high = height if ratio <= own else picture.shape[0] * width // picture.shape[1]
    canvas = Image.new("RGB", (width, height))
    scaled = Image.fromarray(picture).resize((wide, high), resample=Image.Resampling.LANCZOS)
    canvas.paste(scaled, box=(width // 2 - wide // 2, height // 2 - high // 2))
    return np.asarray(canvas)


def morphed(picture, times, how):
    return how(picture, np.ones((3, 3), np.uint8), iterations=times)


def padded(picture, sides):
    left, top, right, bottom = sides
    rest = [(0, 0)] * (picture.ndim - 2)
    return np.pad(picture, [(top, bottom), (left, right), *rest], mode="edge")


OPERATIONS = {
    "lanczos": lambda p, c: resized(p, *c["to"], Image.Resampling.LANCZOS),
    "bicubic": lambda p, c: resized(p, *c["to"], Image.Resampling.BICUBIC),
    "fill": lambda p, c: filled(p, *c["to"]),
    "box-blur": lambda p, c: np.asarray(Image.fromarray(p).filter(ImageFilter.BoxBlur(c["radius"]))),
    "dilate": lambda p, c: morphed(p, c["times"], cv2.dilate),
    "erode": lambda p, c: morphed(p, c["times"], cv2.erode),
    "threshold": lambda p, c: cv2.threshold(p, c["limit"], 255, cv2.THRESH_BINARY)[1],
    "pad": lambda p, c: padded(p, c["sides"]),
}

KINDS = ("noise", "extreme", "ramp")
SIZES = ((1, 1), (1, 7), (9, 1), (2, 3), (13, 8), (37, 29), (64, 48), (101, 77))


def pictures():
    for n, (width, height) in enumerate(SIZES):
        for channels in (1, 3):
            for kind in KINDS:
                yield dict(kind=kind, width=width, height=height, channels=channels, seed=n + 1)
    for name in PHOTOS:
        yield dict(photo=name, channels=3)
        yield dict(photo=name, channels=1)


def cases():
    """One of each operation on each picture, the parameters in turn so that all pairs of kinds and parameters come up."""
    targets = ((1, 1), (5, 90), (120, 4), (64, 64), (33, 57), (224, 224), (200, 150), (101, 77))
    for n, picture in enumerate(pictures()):
        for k in range(3):
            to = targets[(n * 3 + k * 5 + n // 8) % len(targets)]
            yield dict(operation="lanczos", **picture, to=to)
            yield dict(operation="bicubic", **picture, to=to)
            if picture["channels"] == 3:
                yield dict(operation="fill", **picture, to=to)
        for k in range(2):
            yield dict(operation="box-blur", **picture, radius=(0, 1, 2, 3, 5, 15, 33, 64, 512)[(n * 2 + k) % 9])
        for name in ("dilate", "erode"):
            yield dict(operation=name, **picture, times=(1, 2, 3, 8, 64)[n % 5])
        yield dict(operation="threshold", **picture, limit=(127, 0, 254, 128)[n % 4])
        yield dict(operation="pad", **picture, sides=((1, 0, 0, 0), (0, 3, 5, 0), (2, 4, 6, 8))[n % 3])


def checksum(picture):
    return hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()[:12]


def main():
    rows = [dict(case, size=None, sha256=None) for case in cases()]
    for row in rows:
        result = OPERATIONS[row["operation"]](source(row), row)
        row["size"] = [result.shape[1], result.shape[0]]
        row["sha256"] = checksum(result)
        if row.get("to") == tuple(row["size"]):
            del row["size"]
    text = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (FOLDER / "picture-operations.json").write_text(f"[\n{text}\n]\n")
    save_file({f"photo.{name}": value for name, value in PHOTOS.items()}, FOLDER / "picture-operations.safetensors")
    print(f"{len(rows)} cases")


main()
