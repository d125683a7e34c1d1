"""Writes the goldens of Segment Anything: a small model of the published structure, what segment-anything's own modules make
of a picture and boxes with it, and whole runs of its predictor as Fooocus has them, holes filled.

    python3 scripts/golden/segment.py

Needs torch, segment-anything 1.0, opencv, pillow before 13, safetensors and the zstd program. Of torchvision
segment-anything uses two functions here, which hand over to Pillow; where there is none, Pillow is asked directly.
"""

import subprocess
import sys
import types
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"
BOXES_AT_ONCE = 3


def without_torchvision():
    """`to_pil_image` and `resize` as torchvision has them for bytes and a size of both sides."""
    functional = types.ModuleType("torchvision.transforms.functional")
    functional.to_pil_image = Image.fromarray
    functional.resize = lambda image, size: image.resize(tuple(reversed(size)), Image.BILINEAR)
    boxes = types.ModuleType("torchvision.ops.boxes")
    boxes.batched_nms = boxes.box_area = None  # of masks without prompts, which nobody asks for here
    for name in ("torchvision", "torchvision.transforms", "torchvision.ops"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules |= {module.__name__: module for module in (functional, boxes)}


try:
    import torchvision.transforms.functional  # noqa: F401
except (ImportError, RuntimeError):
    without_torchvision()

from segment_anything import SamPredictor  # noqa: E402
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer  # noqa: E402
from segment_anything.utils.amg import remove_small_regions  # noqa: E402

GRID, PATCH, WIDTH, HEADS, DEPTH, WINDOW, EMBEDDING = 8, 8, 24, 3, 3, 5, 32


def model(seed):
    """As `build_sam._build_sam`, with other numbers; weights exact in float16 and large enough to show in the answer."""
    side = GRID * PATCH
    sam = Sam(
        image_encoder=ImageEncoderViT(
            depth=DEPTH,
            embed_dim=WIDTH,
            img_size=side,
            mlp_ratio=2,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
            num_heads=HEADS,
            patch_size=PATCH,
            qkv_bias=True,
            use_rel_pos=True,
            global_attn_indexes=[1],
            window_size=WINDOW,
            out_chans=EMBEDDING,
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=EMBEDDING,
            image_embedding_size=(GRID, GRID),
            input_image_size=(side, side),
            mask_in_chans=4,
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=3,
            transformer=TwoWayTransformer(depth=2, embedding_dim=EMBEDDING, mlp_dim=48, num_heads=8),
            transformer_dim=EMBEDDING,
            iou_head_depth=3,
            iou_head_hidden_dim=EMBEDDING,
        ),
        pixel_mean=[123.675, 116.28, 103.53],
        pixel_std=[58.395, 57.12, 57.375],
    ).eval()
    rng = torch.Generator().manual_seed(seed)
    state = {}
    for key, value in sam.state_dict().items():
        normal = torch.randn(value.shape, generator=rng)
        if value.dim() < 2:
            wanted = (1 if key.endswith("weight") else 0) + 0.1 * normal
        elif "rel_pos" in key or "pos_embed" in key:
            wanted = 0.5 * normal
        elif value.shape[0] < 5:
            wanted = normal
        else:
            wanted = normal * (1.4 / (value[0].numel() ** 0.5))
        state[key] = wanted.half()
    sam.load_state_dict({key: value.float() for key, value in state.items()})
    return sam, state


def picture(width, height, seed):
    """Shapes on a slope, with some noise: edges for the network and bytes of every size."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(20, 230, width)[None, :, None] * np.linspace(0.4, 1, height)[:, None, None]
    base = np.repeat(slope, 3, 2) * np.array([1, 0.7, 0.5])
    image = Image.fromarray(np.clip(base + rng.normal(0, 12, (height, width, 3)), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(5):
        x, y = rng.integers(0, width), rng.integers(0, height)
        across, down = rng.integers(4, width // 2), rng.integers(4, height // 2)
        draw.ellipse([x, y, x + across, y + down], fill=tuple(int(c) for c in rng.integers(0, 256, 3)))
    return np.array(image)


def fooocus_masks(predictor, image, boxes):
    """`generate_mask_from_image` of Fooocus 2.5.5 behind its detections: each mask with its holes filled."""
    predictor.set_image(image)
    scaled = predictor.transform.apply_boxes_torch(boxes, image.shape[:2])
    plain, _, _ = predictor.predict_torch(
        point_coords=None, point_labels=None, boxes=scaled, multimask_output=False
    )
    filled = [remove_small_regions(mask[0], 400, mode="holes")[0] for mask in plain.numpy()]
    return plain[:, 0].numpy(), np.stack(filled)


def networks(sam):
    rng = torch.Generator().manual_seed(5)
    side = GRID * PATCH
    shown = torch.randn(1, 3, side, side, generator=rng)
    boxes = torch.tensor([[3, 5, 40, 60], [0, 0, 63.5, 20.25], [30.1, 30.2, 33.3, 34.4]])
    with torch.no_grad():
        embedding = sam.image_encoder(shown)
        sparse, dense = sam.prompt_encoder(points=None, boxes=boxes, masks=None)
        logits, _ = sam.mask_decoder(
            image_embeddings=embedding,
            image_pe=sam.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
    return {"sam.picture": shown, "sam.boxes": boxes, "sam.embedding": embedding, "sam.logits": logits[:, 0].contiguous()}


def runs(sam):
    predictor = SamPredictor(sam)
    out = {}
    for name, width, height, seed, boxes in (
        ("wide", 151, 97, 1, [[10.5, 8, 90, 70.25], [60, 20, 150, 96], [0, 0, 151, 97], [5, 60, 40, 90], [100, 5, 140, 30]]),
        ("tall", 45, 110, 2, [[3, 4, 40, 100], [10, 30, 30, 60]]),
        ("small", 37, 29, 3, [[2, 2, 30, 25]]),
        ("square", 64, 64, 4, [[8, 8, 50, 40], [20.2, 1.1, 63.9, 63.9]]),
    ):
        image = picture(width, height, seed)
        plain, filled = fooocus_masks(predictor, image, torch.tensor(boxes, dtype=torch.float32))
        print(name, [round(float(m.mean()), 3) for m in plain], [round(float(m.mean()), 3) for m in filled])
        out[f"run.{name}.picture"] = torch.from_numpy(image)
        out[f"run.{name}.boxes"] = torch.tensor(boxes, dtype=torch.float32)
        out[f"run.{name}.masks"] = torch.from_numpy(plain.astype(np.uint8))
        out[f"run.{name}.union"] = torch.from_numpy(filled.any(0).astype(np.uint8))
    return out


def holes():
    """Noise at several densities, and regions of 399 and 400 pixels."""
    out = {}
    rng = np.random.default_rng(9)
    noise = cv2.GaussianBlur(rng.normal(size=(90, 123)), (0, 0), 1.6)
    cases = {f"noise-{name}": noise > level for name, level in (("dense", -0.1), ("even", 0.0), ("thin", 0.1))}
    exact = np.ones((60, 80), bool)
    exact[5:25, 5:25] = False
    exact[30:50, 30:50] = False
    exact[30, 30] = True
    exact[0:3, 60:80] = False
    cases["exact"] = exact
    for name, mask in cases.items():
        filled, _ = remove_small_regions(mask, 400, mode="holes")
        print(name, mask.mean(), filled.mean())
        out[f"holes.{name}.mask"] = torch.from_numpy(mask.astype(np.uint8))
        out[f"holes.{name}.filled"] = torch.from_numpy(filled.astype(np.uint8))
    return out


def resized():
    """Pillow's BILINEAR, which is antialiased on the way down."""
    image = picture(53, 31, 7)
    out = {"resize.picture": torch.from_numpy(image)}
    for width, height in ((20, 12), (101, 60), (53, 9), (200, 31), (53, 31), (1, 1)):
        smaller = Image.fromarray(image).resize((width, height), Image.BILINEAR)
        out[f"resize.{width}x{height}"] = torch.from_numpy(np.array(smaller))
    return out


def rectangles():
    """Boxes as Fooocus shows them."""
    boxes = torch.tensor([[3.2, 4.9, 10.99, 8.0], [-5.5, 20.5, 6, 70], [40, 10, 40.4, 10.2], [49.9, -3, 90, 2.99]])
    shown = Image.new("RGB", (60, 40), color="black")
    draw = ImageDraw.Draw(shown)
    for box in boxes.numpy():
        draw.rectangle(box.tolist(), fill="white")
    return {"rectangles.boxes": boxes, "rectangles.shown": torch.from_numpy(np.array(shown)[..., 0].copy())}


def main():
    torch.set_num_threads(1)
    sam, state = model(seed=38)
    path = FOLDER / "models" / "sam-tiny.safetensors"
    save_file(state, path)
    subprocess.run(["zstd", "-q", "-19", "-f", "--rm", path], check=True)
    save_file({**networks(sam), **runs(sam), **holes(), **resized(), **rectangles()}, FOLDER / "segment.safetensors")


main()
