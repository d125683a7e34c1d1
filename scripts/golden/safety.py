"""Writes the goldens of the safety checker: a small one in the published file's names, what diffusers and transformers make of
pictures with it, and what they decide at thresholds all around.

    python3 scripts/golden/safety.py

Needs torch, diffusers, transformers, Pillow, safetensors and the zstd program.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker, cosine_distance
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPConfig

try:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil as Processor
except ImportError:
    from transformers import CLIPImageProcessor as Processor

import tiny
from captions import pixels

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"
WIDTH, LAYERS, PROJECTED = 128, 2, 64
PICTURES = ((300, 200), (224, 224), (100, 260), (37, 31))


def weights():
    w = tiny.Writer(torch.float16)
    at = "vision_model.vision_model"
    w.put(f"{at}.embeddings.class_embedding", [WIDTH], 0.5)
    w.tensors[f"{at}.embeddings.position_ids"] = torch.arange(257)[None]
    w.put(f"{at}.embeddings.patch_embedding.weight", [WIDTH, 3, 14, 14], tiny.power(3 * 14 * 14))
    w.put(f"{at}.embeddings.position_embedding.weight", [257, WIDTH], 0.5)
    w.norm(f"{at}.pre_layrnorm", WIDTH)
    for i in range(LAYERS):
        layer = f"{at}.encoder.layers.{i}"
        w.norm(f"{layer}.layer_norm1", WIDTH)
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            w.linear(f"{layer}.self_attn.{part}", WIDTH, WIDTH)
        w.norm(f"{layer}.layer_norm2", WIDTH)
        w.linear(f"{layer}.mlp.fc1", WIDTH, 2 * WIDTH)
        w.linear(f"{layer}.mlp.fc2", 2 * WIDTH, WIDTH)
    w.norm(f"{at}.post_layernorm", WIDTH)
    w.put("visual_projection.weight", [PROJECTED, WIDTH], tiny.power(WIDTH))
    w.put("special_care_embeds", [3, PROJECTED], 1.0)
    w.put("special_care_embeds_weights", [3], 0.125, 0.125)
    w.put("concept_embeds", [17, PROJECTED], 1.0)
    w.put("concept_embeds_weights", [17], 0.0625, 0.235)
    return w.tensors


def model_of(tensors):
    vision = {
        "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": WIDTH // 64,
        "image_size": 224, "patch_size": 14, "hidden_act": "quick_gelu", "projection_dim": PROJECTED,
    }
    model = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=PROJECTED)).eval().float()
    own = {key: value.float() for key, value in tensors.items() if not key.endswith("position_ids")}
    if "vision_model.embeddings.class_embedding" in model.state_dict():
        own = {key.replace("vision_model.vision_model.", "vision_model."): value for key, value in own.items()}
    result = model.load_state_dict(own, strict=False)
    assert not result.unexpected_keys and all(key.endswith("position_ids") for key in result.missing_keys), result
    return model


def decided(model, values):
    _, found = model(clip_input=values, images=[numpy.zeros((2, 2, 3))])
    return bool(found[0])


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    tensors = weights()
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        torch.save(tensors, file.name)
        packed = FOLDER / "tiny-safety.bin.zst"
        subprocess.run(["zstd", "-q", "-f", "-19", "--long=27", file.name, "-o", packed], check=True)
    model = model_of(tensors)
    processor = Processor(resample=3, size=224, crop_size=224, do_convert_rgb=True)
    special, concepts, slices, decisions = [], [], {}, []
    for width, height in PICTURES:
        values = processor(Image.fromarray(pixels(width, height)), return_tensors="pt").pixel_values
        slices[f"safety.levels_{width}"] = values[:, :, ::19, ::23].contiguous()
        vector = model.visual_projection(model.vision_model(values)[1])
        care, others = (cosine_distance(vector, table) for table in (model.special_care_embeds, model.concept_embeds))
        special.append(care - model.special_care_embeds_weights)
        concepts.append(others - model.concept_embeds_weights)
        decisions.append({"width": width, "height": height, "unsafe": decided(model, values)})
    # Thresholds in a narrow band around the cosines of one picture: what decides is the third digit, and care.
    rng = numpy.random.default_rng(5)
    cases = []
    for _ in range(60):
        near = [rng.uniform(-0.006, 0.0012, 3), rng.uniform(-0.02, -0.0085, 17)]
        model.special_care_embeds_weights.data = care[0] - torch.from_numpy(near[0]).float()
        model.concept_embeds_weights.data = others[0] - torch.from_numpy(near[1]).float()
        cases.append({
            "special": (care[0].double() - model.special_care_embeds_weights.double()).tolist(),
            "concepts": (others[0].double() - model.concept_embeds_weights.double()).tolist(),
            "unsafe": decided(model, values),
        })
    save_file({"safety.special": torch.cat(special), "safety.concepts": torch.cat(concepts), **slices}, FOLDER / "safety.safetensors")
    (FOLDER / "safety.json").write_text(json.dumps({"pictures": decisions, "cases": cases}) + "\n")
    print(decisions, sum(case["unsafe"] for case in cases), len(cases))


if __name__ == "__main__":
    main()
