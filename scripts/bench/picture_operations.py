"""Processor milliseconds of Pillow's and OpenCV's operations, as JSON: what picture-operations.ts puts beside ours.

    python3 scripts/bench/picture_operations.py ROUNDS

Needs pillow, opencv-python-headless and numpy. OpenCV uses one thread, Pillow always does.
"""

import json
import sys
import time

import cv2
import numpy as np
from PIL import Image, ImageFilter

cv2.setNumThreads(1)


def waves(side):
    y, x, c = np.ogrid[:side, :side, :3]
    return (((x * x * (c + 1)) >> 9) + ((y * y * (2 + c)) >> 11)).astype(np.uint8)


SMALL, LARGE = waves(1024), waves(4096)


def resized(picture, side):
    return lambda: Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)


def blurred():
    picture = Image.fromarray(SMALL)
    for i in range(60):
        picture = picture.filter(ImageFilter.BoxBlur(3 + i * 8))


def pyra_canny():
    laid = None
    for tenth in range(2, 11):
        side = int(1024 * (tenth / 10))
        small = cv2.resize(SMALL, (side, side), interpolation=cv2.INTER_AREA)
        edges = np.stack([cv2.Canny(small[..., c].copy(), 64, 128) for c in range(3)], axis=2).astype(np.float32) / 255
        if laid is not None:
            edges = cv2.resize(laid, (side, side)) * np.float32(0.75) + edges * np.float32(0.25)
        laid = edges
    total = laid.sum(axis=2)
    return total, np.percentile(total, 1), np.percentile(total, 99)


def cpds():
    smooth = cv2.GaussianBlur(SMALL, (0, 0), 0.8)
    grey, boosted = (one.astype(np.float32) for one in cv2.decolor(smooth))
    total = grey + np.sqrt(((smooth.astype(np.float32) - boosted) ** 2).sum(axis=2))
    return total, np.percentile(total, 4), np.percentile(total, 96)


OPERATIONS = {
    "Lanczos 1024 to 4096": resized(SMALL, 4096),
    "Lanczos 4096 to 1024": resized(LARGE, 1024),
    "60 box blurs, 1 Mpx": blurred,
    "area 4096 to 1000": lambda: cv2.resize(LARGE, (1000, 1000), interpolation=cv2.INTER_AREA),
    "Gaussian, 1 Mpx": lambda: cv2.GaussianBlur(SMALL, (0, 0), 0.8),
    "dilate 64 times, 1 Mpx": lambda: cv2.dilate(SMALL, np.ones((3, 3), np.uint8), iterations=64),
    "Canny, 1 Mpx": lambda: cv2.Canny(SMALL, 64, 128),
    "PyraCanny, 1 Mpx": pyra_canny,
    "CPDS, 1 Mpx": cpds,
}


def least(work):
    spent = []
    for _ in range(int(sys.argv[1])):
        start = time.process_time()
        work()
        spent.append(1000 * (time.process_time() - start))
    return min(spent)


print(json.dumps({name: least(work) for name, work in OPERATIONS.items()}))
