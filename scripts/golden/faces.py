"""Writes small files of face detectors (test/golden/models/face-*), what facexlib's RetinaFace answers with them and which faces it
finds (test/golden/faces.safetensors, faces.json), and how OpenCV fits and warps.

    python3 scripts/golden/faces.py

Needs torch, torchvision, facexlib 0.3.0, opencv-python-headless 4.10, safetensors and the zstd program. The networks are built of
facexlib's and torchvision's own classes, narrower and shallower; facexlib's `detect_faces` runs as it is. Its features are so
narrow that it would take leaky units for MobileNet's; they are set to what 256 features have.

LMEDS and INTER_LINEAR of OpenCV 4.10 are what the reference has: OpenCV 5 does not round places to 1/32 of a pixel.
"""

import hashlib
import json
import subprocess
from pathlib import Path

import cv2
import numpy as np
import torch

try:
    import torchvision
except RuntimeError:
    # A torchvision whose compiled half does not fit this torch lacks the one operator that is needed here; OpenCV has it, too.
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

    def by_opencv(boxes, scores, iou_threshold):
        corners = boxes.double().numpy()
        rectangles = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], 1)
        return list(cv2.dnn.NMSBoxes(rectangles.tolist(), scores.tolist(), 0.0, iou_threshold))

    torchvision.ops.nms = by_opencv

from facexlib.detection.retinaface import RetinaFace, generate_config  # noqa: E402
from facexlib.detection.retinaface_net import FPN, SSH, make_bbox_head, make_class_head, make_landmark_head  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402
from torchvision.models._utils import IntermediateLayerGetter  # noqa: E402
from torchvision.models.resnet import Bottleneck, ResNet  # noqa: E402

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"
MODELS = FOLDER / "models"
FEATURES = 8
TEMPLATE = np.array([[192.98138, 239.94708], [318.90277, 240.1936], [256.63416, 314.01935], [201.26117, 371.41043], [313.08905, 371.15118]])
OUTSIDE = (135, 133, 132)
assert cv2.__version__ == "4.10.0", cv2.__version__
cv2.setNumThreads(1)
torch.set_num_threads(1)


class Narrow(ResNet):
    """torchvision's ResNet with other widths and depths."""

    def __init__(self, stem=4, widths=(2, 2, 3, 4), depths=(2, 1, 1, 2)):
        nn.Module.__init__(self)
        self._norm_layer, self.inplanes, self.dilation, self.groups, self.base_width = nn.BatchNorm2d, stem, 1, 1, 64
        self.conv1 = nn.Conv2d(3, stem, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        for level, (width, depth) in enumerate(zip(widths, depths)):
            setattr(self, f"layer{level + 1}", self._make_layer(Bottleneck, width, depth, stride=1 if level == 0 else 2))
        self.widths = [4 * width for width in widths[1:]]


class SmallRetinaFace(RetinaFace):
    """facexlib's detector on such a body: only what its constructor builds is smaller."""

    def __init__(self, body, features):
        nn.Module.__init__(self)
        self.device, self.half_inference, self.cfg, self.phase = torch.device("cpu"), False, generate_config("resnet50"), "test"
        self.backbone = self.cfg["name"]
        self.target_size, self.max_size = 1600, 2150
        self.mean_tensor = torch.tensor([[[[104.0]], [[117.0]], [[123.0]]]])
        self.body = IntermediateLayerGetter(body, self.cfg["return_layers"])
        self.fpn = FPN(body.widths, features)
        self.ssh1, self.ssh2, self.ssh3 = (SSH(features, features) for _ in range(3))
        self.ClassHead = make_class_head(fpn_num=3, inchannels=features)
        self.BboxHead = make_bbox_head(fpn_num=3, inchannels=features)
        self.LandmarkHead = make_landmark_head(fpn_num=3, inchannels=features)
        for module in self.modules():
            if isinstance(module, nn.LeakyReLU):
                module.negative_slope = 0.0


def picture(height, width, seed):
    """Bytes without small details, so that a box is sure here and not there. BGR."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (max(2, height // 12), max(2, width // 12), 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def randomised(net):
    """Random weights, exact in float16; norms with the numbers that such a picture gives them, and heads that are sure at times."""
    with torch.no_grad():
        for name, value in net.named_parameters():
            if value.dim() == 4:
                value.normal_().mul_(value[0].numel() ** -0.5)
            elif name.endswith("weight"):
                value.uniform_(0.7, 1.3)
            else:
                value.normal_().mul_(0.2)
        for head in net.ClassHead:
            head.conv1x1.weight.mul_(1.2)
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None
        net.train()
        net(torch.from_numpy(picture(160, 192, 1).astype(np.float32).transpose(2, 0, 1))[None] - net.mean_tensor)
        net.eval()
        for value in net.state_dict().values():
            if value.is_floating_point():
                value.copy_(value.half().float())
    return net


def wrapped(prefix, tensors):
    return {prefix + key: value for key, value in tensors.items()}


def read_files(tensors):
    """Every kind of file that is read."""
    floats = {key: value for key, value in tensors.items() if value.is_floating_point()}
    return {
        "legacy.pth": wrapped("module.", tensors),
        "zip.pth": wrapped("module.", tensors),
        "bare.pth": tensors,
        "f32.safetensors": wrapped("module.", tensors),
        "f16.safetensors": {key: value.half() for key, value in floats.items()},
        "extra.safetensors": wrapped("module.", floats) | {"optimizer.step": torch.ones(1)},
    }


def other_files(tensors):
    """Files that are refused: by their own signs, by what is missing, or by their shapes."""
    two = lambda *shape: torch.ones(shape)
    heads = {key: value for key, value in tensors.items() if "Head" in key}
    without = lambda start: {key: value for key, value in tensors.items() if not key.startswith(start)}
    return {
        "mobilenet.pth": wrapped("module.", {"body.stage1.0.0.weight": two(8, 3, 3, 3), **heads}),
        "resnet18.safetensors": {"body.layer4.0.conv1.weight": two(8, 8, 3, 3), "body.layer4.0.conv2.weight": two(8, 8, 3, 3), **heads},
        "parsenet.pth": {"out_mask_conv.conv2d.weight": two(2, 2, 3, 3), "encoder.0.conv2d.weight": two(2, 3, 3, 3)},
        "bisenet.pth": {"cp.resnet.conv1.weight": two(2, 3, 7, 7)},
        "yolov5.pth": {"model.0.stem_1.conv.weight": two(2, 3, 3, 3)},
        "mtcnn.pt": {"conv1.weight": two(2, 3, 3, 3), "prelu1.weight": two(2), "dense5.weight": two(2, 2)},
        "scrfd.pth": {"bbox_head.stride_cls.(8, 8).weight": two(2, 2, 3, 3), "backbone.stem.0.weight": two(2, 3, 3, 3)},
        "arcface.pth": {"input_layer.0.weight": two(2, 3, 3, 3), "body.0.res_layer.1.weight": two(2, 2, 3, 3)},
        "checkpoint.safetensors": {"model.diffusion_model.input_blocks.0.0.weight": two(4, 4, 3, 3)},
        "controlnet.safetensors": {"zero_convs.0.0.weight": two(4, 4, 1, 1), "input_hint_block.0.weight": two(4, 3, 3, 3)},
        "incomplete.safetensors": without("fpn.merge1.1."),
        "misshapen.safetensors": {**tensors, "LandmarkHead.1.conv1x1.weight": two(12, FEATURES, 1, 1)},
        "deeper-head.safetensors": {**tensors, "ClassHead.3.conv1x1.weight": two(4, FEATURES, 1, 1)},
        "int8.safetensors": {**tensors, "body.conv1.weight": torch.ones(4, 3, 7, 7, dtype=torch.int8)},
        "unfinished.safetensors": {key: value if key == "body.conv1.weight" else torch.zeros_like(value) for key, value in tensors.items()},
    }


def save(path, tensors):
    if path.suffix == ".safetensors":
        save_file({key: value.contiguous() for key, value in tensors.items()}, path)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization="legacy" not in path.name)
    subprocess.run(["zstd", "-19", "--rm", "-q", "-f", str(path)], check=True)


def fits(count=160):
    """Five points somewhere, little or far off, and what LMEDS makes of them."""
    rng = np.random.default_rng(5)
    cases = []
    for k in range(count):
        scale, turn = rng.uniform(0.02, 3), rng.uniform(-3, 3) if k % 2 else rng.normal(0, 0.3)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * scale
        points = (TEMPLATE - 256) @ matrix.T + rng.uniform(-50, 2000, 2)
        points += rng.normal(0, (0.001, 0.02, 0.05, 0.2)[k % 4] * scale * 100, (5, 2))
        if k % 5 == 0:
            points[rng.integers(5)] += rng.normal(0, 60 * scale, 2)
        if k % 7 == 0:
            points = rng.uniform(0, 500, (5, 2))
        points = points.astype(np.float32)
        affine = cv2.estimateAffinePartial2D(points, TEMPLATE, method=cv2.LMEDS)[0]
        cases.append({"points": points.tolist(), "affine": affine.ravel().tolist()})
    return cases


def warps():
    """Checksums of what INTER_LINEAR makes; RGB, as all pictures of the tests are."""
    cases = []
    rng = np.random.default_rng(8)
    for k in range(24):
        width, height = int(rng.integers(1, 90)), int(rng.integers(1, 90))
        size = (int(rng.integers(1, 120)), int(rng.integers(1, 120)))
        turn, scale = rng.uniform(-3, 3), rng.uniform(0.1, 6)
        affine = [scale * np.cos(turn), -scale * np.sin(turn), rng.uniform(-20, 100), scale * np.sin(turn), scale * np.cos(turn), rng.uniform(-20, 100)]
        if k == 0:
            affine = [1, 0, 0, 0, 1, 0]
        if k == 1:
            affine = [1, 0, 3.5, 0, 1, -2.25]
        if k == 2:
            affine = [0.5, 0, 0, 0, 0.5, 0]
        if k == 3:
            affine = [0, 0, 5, 0, 0, 5]
        if k == 4:
            affine = [1.5, 0.25, 3, -0.5, 0.75, 8]
        data = noise(width, height, k)
        warped = cv2.warpAffine(data, np.array(affine, float).reshape(2, 3), size, borderMode=cv2.BORDER_CONSTANT, borderValue=OUTSIDE[::-1])
        cases.append({"picture": [width, height, k], "affine": list(map(float, affine)), "to": size, "sha256": sha256(warped)})
    return cases


def noise(width, height, seed):
    """Made of its place alone, by the same integers here and in the test (picture_operations.py)."""
    i = np.arange(width * height * 3, dtype=np.uint64)
    v = (i * 2654435761 + seed * 40503) & 0xFFFFFFFF
    v ^= v >> 15
    v = (v * 2246822519) & 0xFFFFFFFF
    v ^= v >> 13
    return ((v >> 8) & 255).astype(np.uint8).reshape(height, width, 3)


def sha256(data):
    return hashlib.sha256(np.ascontiguousarray(data).tobytes()).hexdigest()


def found(net, bgr):
    """What facexlib finds, and the most certain face as Fooocus crops it."""
    faces = net.detect_faces(bgr, 0.97)
    points = faces[:, 5:].reshape(-1, 5, 2)
    affine = cv2.estimateAffinePartial2D(points[0], TEMPLATE, method=cv2.LMEDS)[0]
    crop = cv2.warpAffine(bgr, affine, (512, 512), borderMode=cv2.BORDER_CONSTANT, borderValue=OUTSIDE)
    return {
        "faces": [{"box": f[:4].tolist(), "score": float(f[4]), "points": p.tolist()} for f, p in zip(faces, points)],
        "crop": sha256(crop[:, :, ::-1]),
    }


@torch.no_grad()
def main():
    torch.manual_seed(3)
    net = randomised(SmallRetinaFace(Narrow(), FEATURES))
    tensors = net.state_dict()
    for name, stored in {**read_files(tensors), **other_files(tensors)}.items():
        save(MODELS / f"face-{name}", stored)
    answers, cases = {}, {}
    for name, (height, width) in {"": (77, 101), "-even": (64, 96), "-small": (5, 9)}.items():
        bgr = picture(height, width, 11)
        shown = torch.from_numpy(bgr.astype(np.float32).transpose(2, 0, 1))[None] - net.mean_tensor
        boxes, scores, points = net(shown)
        answers |= {f"retinaface{name}.{key}": value for key, value in {"picture": shown, "boxes": boxes, "scores": scores, "points": points}.items()}
    for name, (height, width, seed) in {"wide": (110, 151, 21), "tall": (163, 76, 22)}.items():
        bgr = picture(height, width, seed)
        answers[f"photo-{name}"] = torch.from_numpy(np.ascontiguousarray(bgr[:, :, ::-1]))
        cases[name] = found(net, bgr)
        print(name, len(cases[name]["faces"]), [round(face["score"], 4) for face in cases[name]["faces"]][:5])
    save_file({key: value.contiguous() for key, value in answers.items()}, FOLDER / "faces.safetensors")
    text = json.dumps({"pictures": cases, "fits": fits(), "warps": warps()})
    (FOLDER / "faces.json").write_text(text + "\n")
    for key, value in answers.items():
        print(key, list(value.shape), round(value.float().std().item(), 4))


if __name__ == "__main__":
    main()
