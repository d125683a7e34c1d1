"""Writes the goldens of captions: a small BLIP in its own repository's names, what transformers makes of it, the captions that
transformers draws with it after `manual_seed`, and torch's cubic resize.

    python3 scripts/golden/captions.py

Needs torch, transformers, safetensors and the zstd program.
"""

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import BertTokenizer, BlipConfig, BlipForConditionalGeneration

import tiny

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "test" / "golden"
VISION, TEXT, LAYERS, WORDS, SIDE = 128, 192, 2, 30524, 384
START, END = [30522, 1037, 3861, 1997], 102
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def attending(w, name, source):
    for one in ("query", "key", "value"):
        w.linear(f"{name}.self.{one}", TEXT if one == "query" else source, TEXT)
    w.linear(f"{name}.output.dense", TEXT, TEXT)
    w.norm(f"{name}.output.LayerNorm", TEXT)


def weights():
    """Under the names of Salesforce's repository."""
    w = tiny.Writer(torch.float16)
    w.put("visual_encoder.cls_token", [1, 1, VISION], 0.5)
    w.put("visual_encoder.pos_embed", [1, 577, VISION], 0.5)
    w.conv("visual_encoder.patch_embed.proj", 3, VISION, 16)
    for i in range(LAYERS):
        at = f"visual_encoder.blocks.{i}"
        w.norm(f"{at}.norm1", VISION)
        w.linear(f"{at}.attn.qkv", VISION, 3 * VISION)
        w.linear(f"{at}.attn.proj", VISION, VISION)
        w.norm(f"{at}.norm2", VISION)
        w.linear(f"{at}.mlp.fc1", VISION, 2 * VISION)
        w.linear(f"{at}.mlp.fc2", 2 * VISION, VISION)
    w.norm("visual_encoder.norm", VISION)
    bert = "text_decoder.bert"
    w.put(f"{bert}.embeddings.word_embeddings.weight", [WORDS, TEXT], 0.25)
    w.put(f"{bert}.embeddings.position_embeddings.weight", [512, TEXT], 0.25)
    w.norm(f"{bert}.embeddings.LayerNorm", TEXT)
    w.tensors[f"{bert}.embeddings.position_ids"] = torch.arange(512)[None]
    for i in range(LAYERS):
        at = f"{bert}.encoder.layer.{i}"
        attending(w, f"{at}.attention", TEXT)
        attending(w, f"{at}.crossattention", VISION)
        w.linear(f"{at}.intermediate.dense", TEXT, 2 * TEXT)
        w.linear(f"{at}.output.dense", 2 * TEXT, TEXT)
        w.norm(f"{at}.output.LayerNorm", TEXT)
    head = "text_decoder.cls.predictions"
    w.linear(f"{head}.transform.dense", TEXT, TEXT)
    w.norm(f"{head}.transform.LayerNorm", TEXT)
    # Rows repeat with the table's period; what is added sets them apart again.
    bias = (torch.arange(WORDS) // tiny.PERIOD) * 0.375
    bias[END] = 10.0  # so that captions end, some of them as soon as they may
    w.tensors[f"{head}.bias"] = bias.half()
    # The same tensors by a second name, as in the published file.
    w.tensors[f"{head}.decoder.weight"] = w.tensors[f"{bert}.embeddings.word_embeddings.weight"]
    w.tensors[f"{head}.decoder.bias"] = w.tensors[f"{head}.bias"]
    return w.tensors


def in_transformers(key):
    if not key.startswith("visual_encoder."):
        return key
    for old, new in (
        ("visual_encoder.cls_token", "vision_model.embeddings.class_embedding"),
        ("visual_encoder.pos_embed", "vision_model.embeddings.position_embedding"),
        ("visual_encoder.patch_embed.proj", "vision_model.embeddings.patch_embedding"),
        ("visual_encoder.blocks", "vision_model.encoder.layers"),
        ("visual_encoder.norm", "vision_model.post_layernorm"),
        (".attn.qkv", ".self_attn.qkv"),
        (".attn.proj", ".self_attn.projection"),
        (".norm1", ".layer_norm1"),
        (".norm2", ".layer_norm2"),
    ):
        key = key.replace(old, new)
    return key


def model_of(tensors):
    """Transformers' default epsilon of the vision tower is another one than the tower was trained with."""
    sizes = {"num_hidden_layers": LAYERS}
    vision = dict(sizes, hidden_size=VISION, intermediate_size=2 * VISION, num_attention_heads=VISION // 64, image_size=SIDE, layer_norm_eps=1e-6)
    text = dict(sizes, hidden_size=TEXT, encoder_hidden_size=VISION, intermediate_size=2 * TEXT, num_attention_heads=TEXT // 64, vocab_size=WORDS)
    model = BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=vision)).eval().float()
    assert model.config.text_config.layer_norm_eps == 1e-12
    own = {in_transformers(k): v.float() for k, v in tensors.items() if not k.endswith("position_ids")}
    missing = model.load_state_dict(own, strict=False)
    assert not missing.unexpected_keys and not missing.missing_keys, missing
    return model


def levels():
    """A picture that a test can make again: whole numbers, scaled."""
    values = (torch.arange(3 * SIDE * SIDE) * 31 + 977) % tiny.PERIOD
    return (values.float() / 2048 - 2).reshape(1, 3, SIDE, SIDE)


def pixels(width, height):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return ((31 * x + 17 * y + 64 * c + x * y) % 256).astype(numpy.uint8)


def shown(picture):
    """torchvision 0.16 on a tensor: cubic, not antialiased."""
    values = torch.from_numpy(picture).permute(2, 0, 1).float().div(255)[None]
    values = F.interpolate(values, size=(SIDE, SIDE), mode="bicubic", align_corners=False, antialias=False)
    mean, deviation = (torch.tensor(v).view(3, 1, 1) for v in (MEAN, DEVIATION))
    return (values - mean) / deviation


def drawn(model, seen, seed):
    torch.manual_seed(seed)
    ids = model.text_decoder.generate(
        input_ids=torch.tensor([START]), encoder_hidden_states=seen, encoder_attention_mask=torch.ones(seen.shape[:-1], dtype=torch.long),
        do_sample=True, max_length=75, min_length=10, top_p=0.9, top_k=50, repetition_penalty=1.1, num_return_sequences=1,
        eos_token_id=END, pad_token_id=0, bos_token_id=START[0],
    )
    return ids[0].tolist()


def tokenizer():
    vocabulary = ROOT / "src" / "assets" / "tokenizer" / "bert-vocabulary.txt"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vocab.txt").write_text(vocabulary.read_text())
        words = BertTokenizer(f"{folder}/vocab.txt")
    words.add_special_tokens({"bos_token": "[DEC]"})
    words.add_special_tokens({"extra_special_tokens": ["[ENC]"]})
    assert words("a picture of ").input_ids == [101, *START[1:], END] and words.bos_token_id == START[0]
    return words


def sentence(words, ids):
    return words.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=True)[len("a picture of ") :].strip()


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    tensors = weights()
    with tempfile.NamedTemporaryFile(suffix=".pth") as file:
        torch.save({"model": tensors}, file.name)
        packed = FOLDER / "tiny-blip.pth.zst"
        subprocess.run(["zstd", "-q", "-f", "-19", "--long=27", file.name, "-o", packed], check=True)
    model = model_of(tensors)
    seen = model.vision_model(levels()).last_hidden_state
    crossing = [layer.crossattention.self for layer in model.text_decoder.bert.encoder.layer]
    told = torch.cat([one(seen) for cross in crossing for one in (cross.key, cross.value)])
    first = model.text_decoder(torch.tensor([START]), encoder_hidden_states=seen, use_cache=True)
    second = model.text_decoder(torch.tensor([[*START, 2450]]), encoder_hidden_states=seen)
    cache = getattr(first, "cache", None) or first.past_key_values
    layers = [(layer.keys, layer.values) for layer in cache.self_attention_cache.layers]
    present = torch.cat([one.transpose(1, 2).flatten(2) for pair in layers for one in pair])
    resized = {}
    for name, (width, height), (wide, high) in (("down", (37, 29), (11, 9)), ("up", (7, 5), (19, 23))):
        values = torch.from_numpy(pixels(width, height)).permute(2, 0, 1).float().div(255)[None]
        out = F.interpolate(values, size=(high, wide), mode="bicubic", align_corners=False)
        resized[f"cubic.{name}"] = out[0].permute(1, 2, 0).contiguous()
    save_file(
        {
            # Slices of what is large: every so many rows or words.
            "blip.shown": told[:, ::41].contiguous(),
            "blip.scores": first.logits[:, -1, ::97].contiguous(),
            "blip.next": second.logits[:, -1, ::97].contiguous(),
            "blip.present": present.contiguous(),
            "blip.levels": shown(pixels(45, 33))[:, :, ::23, ::29].contiguous(),
            **resized,
        },
        FOLDER / "captions.safetensors",
    )
    words = tokenizer()
    seeds = [{"seed": seed, "ids": drawn(model, seen, seed)} for seed in (1, 4, 5, 4294967295)]
    pictures = []
    for width, height in ((64, 20), (33, 45)):
        picture = pixels(width, height)
        seed = int.from_bytes(hashlib.sha256(picture.tobytes()).digest()[:4], "big")
        ids = drawn(model, model.vision_model(shown(picture)).last_hidden_state, seed)
        pictures.append({"width": width, "height": height, "text": sentence(words, ids)})
    texts = [
        [*START, 1037, 4937, 2003, 3564, 1012, END],
        [*START, 15536, 27421, 2015, 1010, 2009, 1005, 1055, 2025, 1029, 100, END, 0, 30523],
        [*START, 2057, 1005, 2128, 2123, 1050, 1005, 1056, 2113, 999, 1005, 2310, 1005, 1049],
    ]
    out = {
        "seeds": [{**one, "text": sentence(words, one["ids"])} for one in seeds],
        "pictures": pictures,
        "texts": [{"ids": ids, "text": sentence(words, ids)} for ids in texts],
    }
    (FOLDER / "captions.json").write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n")
    print([len(one["ids"]) for one in seeds], pictures, out["texts"])


if __name__ == "__main__":
    main()
