"""Writes what Pillow, OpenCV and numpy make of pictures: test/golden/picture-operations.safetensors has the photographs and
the results that cannot be told by a checksum, picture-operations.json the cases with the checksums of all others.

    python3 scripts/golden/picture_operations.py

Needs pillow 9.4, opencv-python-headless 4.10, numpy, scikit-image, scikit-learn and safetensors. Photographs: china.jpg and
flower.jpg of scikit-learn (CC BY 2.0, danielbuechele and vultilion on Flickr), astronaut.png (NASA, public domain), chelsea.png
(CC0, Stefan van der Walt) of scikit-image; crops of a few dozen pixels a side.

The reference's Pillow is 9, which always filters rows before columns; 13 begins with the columns where the height shrinks and
the width does not, which gives other bytes. So this refuses to run with a newer one.

Synthetic pictures are made of their place alone, by the same integers here and in the test: "noise" has any values, "extreme"
only 0 and 255 (what shoots over is cut off), "ramp" grows along both axes, "waves" get narrower along both ("grey-waves"
in all channels alike), "colours" has 64 of each channel with one another,
"flat" is one value.

OpenCV's packages for x86 have Intel's IPP in them, which resizes floats a little more exactly than OpenCV's own code does; it
is left on, as the reference has it.
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
    elif kind in ("waves", "grey-waves"):
        pixel, channel = i // channels, i % channels if kind == "waves" else 0
        x, y = pixel % width, pixel // width
        v = ((x * x * (channel + 1) >> 6) + (y * y * (seed + channel) >> 8)) & 255
    elif kind == "colours":
        pixel, channel = i // channels, i % channels
        v = ((pixel >> 6 * channel) & 63) * 4 + pixel % 4
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


def pooled(picture, side):
    height, width = picture.shape[0] // side, picture.shape[1] // side
    return picture[: height * side, : width * side].reshape(height, side, width, side).max(axis=(1, 3))


def stretched(values, low, high):
    """To bytes by two percentiles; where these are equal, nothing up to them and everything above."""
    below, above = np.percentile(values, low), np.percentile(values, high)
    values = values - np.float32(below)
    with np.errstate(all="ignore"):
        values = values / np.float32(above - below) * np.float32(255)
    return np.where(np.isnan(values), 0, values).clip(0, 255).astype(np.uint8)


def pyra_canny(picture, low, high):
    height, width, _ = picture.shape
    laid = None
    for share in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        size = (int(width * share), int(height * share))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        edges = [cv2.Canny(np.ascontiguousarray(small[..., c]), low, high) for c in range(3)]
        edges = np.stack(edges, axis=2).astype(np.float32) / 255
        if laid is not None:
            laid = cv2.resize(laid, size, interpolation=cv2.INTER_LINEAR)
            edges = laid * np.float32(0.75) + edges * np.float32(0.25)
        laid = edges
    return stretched(np.sum(laid, axis=2), 1, 99)


def cpds(picture):
    blurred = cv2.GaussianBlur(picture, (0, 0), 0.8)
    grey, boosted = (one.astype(np.float32) for one in cv2.decolor(blurred))
    distance = np.sqrt(np.sum((blurred.astype(np.float32) - boosted) ** 2, axis=2))
    return stretched(grey + distance, 4, 96)


def floats(picture):
    return picture.astype(np.float32) * np.float32(1 / 255)


OPERATIONS = {
    "lanczos": lambda p, c: resized(p, *c["to"], Image.Resampling.LANCZOS),
    "bicubic": lambda p, c: resized(p, *c["to"], Image.Resampling.BICUBIC),
    "fill": lambda p, c: filled(p, *c["to"]),
    "box-blur": lambda p, c: np.asarray(Image.fromarray(p).filter(ImageFilter.BoxBlur(c["radius"]))),
    "dilate": lambda p, c: morphed(p, c["times"], cv2.dilate),
    "erode": lambda p, c: morphed(p, c["times"], cv2.erode),
    "threshold": lambda p, c: cv2.threshold(p, c["limit"], 255, cv2.THRESH_BINARY)[1],
    "area": lambda p, c: cv2.resize(p, c["to"], interpolation=cv2.INTER_AREA),
    "bilinear": lambda p, c: cv2.resize(floats(p), c["to"], interpolation=cv2.INTER_LINEAR),
    "pool": lambda p, c: pooled(p, c["side"]),
    "gaussian": lambda p, c: cv2.GaussianBlur(p, (0, 0), 0.8),
    "canny": lambda p, c: cv2.Canny(p, *c["thresholds"]),
    "pyra-canny": lambda p, c: pyra_canny(p, *c["thresholds"]),
    "decolor": lambda p, c: cv2.decolor(p)[0],
    "boost": lambda p, c: cv2.decolor(p)[1],
    "lab": lambda p, c: cv2.cvtColor(p, cv2.COLOR_BGR2Lab),
    "bgr": lambda p, c: cv2.cvtColor(p, cv2.COLOR_Lab2BGR),
    "cpds": lambda p, c: cpds(p),
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


def shrinking():
    for n, picture in enumerate(pictures()):
        height, width = source(picture).shape[:2]
        for k, (across, down) in enumerate(((0.3, 0.7), (0.5, 0.5), (0.9, 0.2), (1 / 3, 1 / 4), (0.6, 1.0))):
            if (n + k) % 2 == 0:
                yield dict(operation="area", **picture, to=(max(1, int(width * across)), max(1, int(height * down))))


WHOLE = (
    dict(kind="waves", width=320, height=200, channels=3, seed=2),
    dict(kind="waves", width=517, height=389, channels=3, seed=5),
    dict(kind="noise", width=61, height=83, channels=3, seed=3),
    dict(kind="grey-waves", width=150, height=130, channels=3, seed=9),
    dict(kind="ramp", width=70, height=70, channels=3, seed=1),
    dict(kind="flat", width=64, height=64, channels=3, seed=77),
    dict(kind="waves", width=8, height=6, channels=3, seed=300),
)


def seeing():
    """What finds edges and structures: of any size, and of pictures that have some."""
    for n, picture in enumerate([*pictures(), *WHOLE]):
        yield dict(operation="gaussian", **picture)
        for k in range(2):
            limits = ((64, 128), (100, 200), (200, 100), (0, 0), (20.7, 90.2), (255, 255))[(n * 2 + k) % 6]
            yield dict(operation="canny", **picture, thresholds=limits)
        if picture["channels"] == 3 and min(source(picture).shape[:2]) > 1:
            to = ((120, 90), (33, 77), (64, 200), (101, 77), (7, 5))[n % 5]
            yield dict(operation="bilinear", **picture, to=to)
        if picture["channels"] == 1:
            yield dict(operation="pool", **picture, side=8 if n % 3 else 2)
    for n, picture in enumerate([*(dict(photo=name, channels=3) for name in PHOTOS), *WHOLE]):
        yield dict(operation="pyra-canny", **picture, thresholds=((64, 128), (100, 200), (30, 60))[n % 3])
        for operation in ("decolor", "boost", "cpds"):
            # Its contrasts cannot be met: the search does not settle, and what rounding does is seen. See the test.
            if picture.get("kind") != "noise":
                yield dict(operation=operation, **picture)


def colours():
    cube = dict(kind="colours", width=512, height=512, channels=3, seed=0)
    yield dict(operation="lab", **cube)
    yield dict(operation="bgr", **cube)


def checksum(picture):
    return hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()[:12]


def main():
    rows = [dict(case, size=None, sha256=None) for case in [*cases(), *shrinking(), *seeing(), *colours()]]
    for row in rows:
        result = OPERATIONS[row["operation"]](source(row), row)
        row["size"] = [result.shape[1], result.shape[0]]
        row["sha256"] = checksum(result)
        if row.get("to") == tuple(row["size"]):
            del row["size"]
    text = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (FOLDER / "picture-operations.json").write_text(f"[\n{text}\n]\n")
    noise = synthetic("noise", 61, 83, 3, 3)
    tensors = {f"photo.{name}": value for name, value in PHOTOS.items()} | {"decolor.noise": cv2.decolor(noise)[0]}
    path = FOLDER / "picture-operations.safetensors"
    save_file(tensors, path)
    path.chmod(0o644)
    print(f"{len(rows)} cases")


main()
