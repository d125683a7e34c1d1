"""Writes the goldens of GroundingDINO: a small model of the published structure under its own repository's names, what
transformers makes of pictures and texts with it, and what BERT's tokenizer makes of texts.

    python3 scripts/golden/detect.py

Needs torch, transformers, pillow before 13, safetensors and the zstd program.

transformers limits the logit of a box to 1e-5 from the edges where the original repository, which Fooocus runs, has 1e-3
(`inverse_sigmoid` in groundingdino/util/misc.py); the original's formula is put in its place.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file
from transformers import BertConfig, BertTokenizer, GroundingDinoConfig, GroundingDinoForObjectDetection, SwinConfig
from transformers.models.grounding_dino.modeling_grounding_dino import generate_masks_with_special_tokens_and_transfer_map

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "test" / "golden"
VOCABULARY = ROOT / "src" / "assets" / "tokenizer" / "bert-vocabulary.txt"
WIDTH, QUERIES, LAYERS = 32, 12, 2
SPECIAL = torch.tensor([101, 102, 1012, 1029])


def logit(x, eps=None):
    """`inverse_sigmoid` of the original repository."""
    return torch.log(x.clamp(min=1e-3) / (1 - x).clamp(min=1e-3))


torch.special.logit = logit


def config():
    return GroundingDinoConfig(
        backbone_config=SwinConfig(
            embed_dim=8,
            depths=[2, 2, 1, 1],
            num_heads=[1, 2, 2, 4],
            window_size=5,
            mlp_ratio=2,
            image_size=64,
            out_indices=[2, 3, 4],
        ),
        text_config=BertConfig(
            hidden_size=64, num_hidden_layers=2, num_attention_heads=1, intermediate_size=32, max_position_embeddings=256
        ),
        d_model=WIDTH,
        num_queries=QUERIES,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        dropout=0.0,
        fusion_droppath=0.0,
    )


# Names of transformers and those of the original repository.
RENAMED = [
    (r"^model\.backbone\.conv_encoder\.model\.(swin\.)?", "backbone.0."),
    (r"embeddings\.patch_embeddings\.projection", "patch_embed.proj"),
    (r"^backbone\.0\.embeddings\.norm", "backbone.0.patch_embed.norm"),
    (r"^backbone\.0\.encoder\.layers", "backbone.0.layers"),
    (r"layernorm_before", "norm1"),
    (r"layernorm_after", "norm2"),
    (r"attention\.(self\.)?relative_position_bias(\.relative_position_bias)?_table", "attn.relative_position_bias_table"),
    (r"^(backbone.*)attention\.(output\.dense|o_proj)", r"\1attn.proj"),
    (r"^(backbone.*)intermediate\.dense", r"\1mlp.fc1"),
    (r"^(backbone.*)output\.dense", r"\1mlp.fc2"),
    (r"^backbone\.0\.hidden_states_norms\.stage2", "backbone.0.norm1"),
    (r"^backbone\.0\.hidden_states_norms\.stage3", "backbone.0.norm2"),
    (r"^backbone\.0\.hidden_states_norms\.stage4", "backbone.0.norm3"),
    (r"^model\.input_proj_vision", "input_proj"),
    (r"^model\.text_backbone", "bert"),
    (r"^model\.text_projection", "feat_map"),
    (r"^model\.query_position_embeddings", "transformer.tgt_embed"),
    (r"^model\.level_embed", "transformer.level_embed"),
    (r"^model\.enc_output", "transformer.enc_output"),
    (r"^model\.encoder_output_bbox_embed", "transformer.enc_out_bbox_embed"),
    (r"^model\.encoder\.layers\.(\d+)\.text_enhancer_layer\.", r"transformer.encoder.text_layers.\1."),
    (r"^model\.encoder\.layers\.(\d+)\.fusion_layer\.", r"transformer.encoder.fusion_layers.\1."),
    (r"^model\.encoder\.layers\.(\d+)\.deformable_layer\.", r"transformer.encoder.layers.\1."),
    (r"layer_norm_before", "norm1"),
    (r"layer_norm_after", "norm2"),
    (r"(encoder\.layers\.\d+\.)self_attn_layer_norm", r"\1norm1"),
    (r"(encoder\.layers\.\d+\.)final_layer_norm", r"\1norm2"),
    (r"\.fc1\.(?!.*backbone)", ".linear1."),
    (r"\.fc2\.(?!.*backbone)", ".linear2."),
    (r"^(backbone.*)linear(\d)", r"\1fc\2"),
    (r"layer_norm_vision", "layer_norm_v"),
    (r"layer_norm_text", "layer_norm_l"),
    (r"vision_param", "gamma_v"),
    (r"text_param", "gamma_l"),
    (r"attn\.vision_proj", "attn.v_proj"),
    (r"attn\.text_proj", "attn.l_proj"),
    (r"values_vision_proj", "values_v_proj"),
    (r"values_text_proj", "values_l_proj"),
    (r"out_vision_proj", "out_v_proj"),
    (r"out_text_proj", "out_l_proj"),
    (r"^model\.decoder\.layer_norm", "transformer.decoder.norm"),
    (r"^model\.decoder\.reference_points_head", "transformer.decoder.ref_point_head"),
    (r"^model\.decoder\.", "transformer.decoder."),
    (r"encoder_attn_text_layer_norm", "catext_norm"),
    (r"encoder_attn_layer_norm", "norm1"),
    (r"(decoder\.layers\.\d+\.)self_attn_layer_norm", r"\1norm2"),
    (r"(decoder\.layers\.\d+\.)final_layer_norm", r"\1norm3"),
    (r"encoder_attn_text", "ca_text"),
    (r"encoder_attn\.", "cross_attn."),
]


def original(key):
    for pattern, name in RENAMED:
        key = re.sub(pattern, name, key)
    return key


def joined(state):
    """Queries, keys and values that transformers has apart, in one matrix as the original has them."""
    out, thirds = {}, {}
    for key, value in state.items():
        found = re.fullmatch(r"(backbone.*)attention\.([qkv])_proj\.(weight|bias)", key)
        other = re.fullmatch(r"(.*(?:text_layers|decoder).*(?:self_attn|ca_text))\.(query|key|value)\.(weight|bias)", key)
        if found:
            thirds.setdefault(f"{found[1]}attn.qkv.{found[3]}", {})[dict(q="query", k="key", v="value")[found[2]]] = value
        elif other:
            thirds.setdefault(f"{other[1]}.in_proj_{other[3]}", {})[other[2]] = value
        elif not key.startswith("backbone.0.layernorm"):  # of the last stage's mean, which nobody asks for
            out[key] = value
    for key, parts in thirds.items():
        out[key] = torch.cat([parts["query"], parts["key"], parts["value"]])
    return out


def model(seed):
    """Random weights, exact in float16 and large enough to show; a table of words that repeats itself, so that it packs."""
    detector = GroundingDinoForObjectDetection(config()).eval()
    rng = torch.Generator().manual_seed(seed)
    state, known = {}, {}
    for key, value in detector.state_dict().items():
        if not value.is_floating_point():
            state[key] = value
            continue
        normal = torch.randn(value.shape, generator=rng)
        shared = re.sub(r"^model\.decoder\.bbox_embed", "bbox_embed", key)
        if shared in known:
            state[key] = known[shared]
            continue
        if "word_embeddings" in key:
            wanted = torch.randn(61, value.shape[1], generator=rng).repeat(value.shape[0] // 61 + 1, 1)[: value.shape[0]]
        elif "vision_param" in key or "text_param" in key:
            wanted = 0.5 + 0.2 * normal
        elif "sampling_offsets.bias" in key:
            wanted = 2 * normal
        elif value.dim() < 2:
            norm = re.search(r"norm|input_proj_vision\.\d\.1|LayerNorm", key) and key.endswith("weight")
            wanted = (1 if norm else 0) + 0.1 * normal
        elif "embed.weight" in key or "embeddings" in key or "level_embed" in key or "bias_table" in key:
            wanted = normal
        elif re.search(r"bbox_embed.*layers\.2", key):
            wanted = normal * (0.5 / (value[0].numel() ** 0.5))
        else:
            wanted = normal * (1.2 / (value[0].numel() ** 0.5))
        state[key] = known[shared] = wanted.half().float()
    # As in the published file: one head of boxes, shared by all layers.
    detector.load_state_dict(state)
    return detector, detector.state_dict()


def in_original_names(state):
    renamed = joined({original(key): value for key, value in state.items() if value.is_floating_point()})
    return {f"module.{key}": value.half().contiguous().clone() for key, value in renamed.items()}


def text_of(tokenizer, text):
    return torch.tensor([tokenizer(text)["input_ids"]])


def networks(detector, tokenizer):
    out = {}
    rng = torch.Generator().manual_seed(5)
    cases = (
        ("small", 84, 116, "a red fox . the tail of a cat . grass ?"),
        ("tall", 200, 60, "face."),
        ("wide", 36, 332, "hand . left foot . some unspeakable thing"),
    )
    for name, height, width, text in cases:
        bytes_ = torch.randint(0, 256, (1, 3, height, width), generator=rng, dtype=torch.uint8)
        shown = (bytes_.float() - 128) / 64
        ids = text_of(tokenizer, text)
        mask, positions = generate_masks_with_special_tokens_and_transfer_map(ids, SPECIAL)
        with torch.no_grad():
            answer = detector(pixel_values=shown, input_ids=ids)
        logits = answer.logits[0, :, : ids.shape[1]].contiguous()
        print(name, ids.shape[1], float(logits.abs().max()), answer.pred_boxes[0, :2].tolist())
        pixels = ((height + 3) // 4 * 4, (width + 3) // 4 * 4)
        assert pixels == (height, width)
        out[f"{name}.bytes"] = bytes_
        out[f"{name}.ids"] = ids.int()
        out[f"{name}.positions"] = positions.int()
        out[f"{name}.mask"] = mask[0].to(torch.uint8)
        out[f"{name}.logits"] = logits
        out[f"{name}.boxes"] = answer.pred_boxes[0].contiguous()
    return out


def picture(width, height, seed):
    """Shapes on a slope, with some noise."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(20, 230, width)[None, :, None] * np.linspace(0.4, 1, height)[:, None, None]
    base = np.repeat(slope, 3, 2) * np.array([1, 0.7, 0.5])
    image = Image.fromarray(np.clip(base + rng.normal(0, 12, (height, width, 3)), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(5):
        x, y = rng.integers(0, width), rng.integers(0, height)
        across, down = rng.integers(4, width // 2), rng.integers(4, height // 2)
        draw.ellipse([x, y, x + across, y + down], fill=tuple(int(c) for c in rng.integers(0, 256, 3)))
    return image


def shown_size(width, height):
    """`get_size_with_aspect_ratio` of groundingdino/datasets/transforms.py for 800 and 1333."""
    shorter, longer = min(width, height), max(width, height)
    size = int(round(1333 * shorter / longer)) if longer / shorter * 800 > 1333 else 800
    if shorter == size:
        return width, height
    return (size, int(size * height / width)) if width < height else (int(size * width / height), size)


def runs(detector, tokenizer):
    """Boxes in pixels, the surest first, and how sure each is."""
    out = {}
    for name, width, height, text, threshold in (
        ("run.wide", 151, 97, "a red fox . grass.", 0.047),
        ("run.tall", 60, 211, "face.", 0.04),
    ):
        image = picture(width, height, 3)
        small = np.asarray(image.resize(shown_size(width, height), Image.BILINEAR), dtype=np.float32) / 255
        normal = (small - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
        with torch.no_grad():
            answer = detector(
                pixel_values=torch.from_numpy(normal.transpose(2, 0, 1))[None], input_ids=text_of(tokenizer, text)
            )
        scores = answer.logits[0].sigmoid().amax(1)
        order = scores.argsort(descending=True)
        kept = order[scores[order] > threshold]
        middle, size = answer.pred_boxes[0, kept].split(2, 1)
        boxes = torch.cat([middle - size / 2, middle + size / 2], 1) * torch.tensor([width, height] * 2)
        print(name, small.shape, scores[order].tolist(), boxes[:2].tolist())
        out[f"{name}.picture"] = torch.from_numpy(np.array(image))
        out[f"{name}.boxes"] = boxes
    return out


TEXTS = [
    "face . hand .",
    "A Person's FACE. left-hand (blurred), 3.14 eyes?",
    "Äpfel über Straße naïve café Ångström",
    "unspeakably supercalifragilisticexpialidocious words",
    "日本語 の テスト 猫 . 漢字",
    "emoji 😀 and tab\there\nnewline\r\nend",
    "zero\u200bwidth\u00a0space \u3000 ideographic \ufffd replaced \x00 nul \x07 bell",
    "e\u0301 combining \u0130stanbul \u1e9e \u00df \u03a3\u03c3\u03c2",
    "$5 + 3 = 8 ^ ~ ` < > | \\ @ # % & * _ - ... !!",
    "[CLS] [SEP] [MASK] [PAD] [UNK] are no words",
    "x" * 99 + " " + "y" * 100 + " " + "ab" * 51,
    "",
    "   ",
    "don't stop-words mid\u2014dash \u201cquoted\u201d \u00bfqu\u00e9?",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9\u05ea \u0e44\u0e17\u0e22 \ud55c\uad6d\uc5b4 \u0939\u093f\u0928\u094d\u0926\u0940",
    "\U0001d4d0 \ufb01 \u2460 \u00bd \u00b2",
]


def main():
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vocab.txt").write_bytes(VOCABULARY.read_bytes())
        tokenizer = BertTokenizer.from_pretrained(folder)
    detector, state = model(seed=37)
    path = FOLDER / "models" / "detector-tiny.safetensors"
    save_file(in_original_names(state), path)
    subprocess.run(["zstd", "-q", "-19", "-f", "--rm", path], check=True)
    save_file({**networks(detector, tokenizer), **runs(detector, tokenizer)}, FOLDER / "detect.safetensors")
    ids = [{"text": text, "ids": tokenizer(text.lower())["input_ids"]} for text in TEXTS]
    (FOLDER / "detect.json").write_text(json.dumps(ids, ensure_ascii=True, indent=1) + "\n")


if __name__ == "__main__":
    main()
