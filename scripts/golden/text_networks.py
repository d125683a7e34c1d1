"""Writes what transformers answers with vectors of textual inversions among the tokens of the tiny checkpoint's text encoders,
and what its GPT-2 answers with and without a cache: test/golden/text-networks.safetensors. The inversions themselves are
test/golden/embeddings, one file for each form in which they are found.

    python3 scripts/golden/text_networks.py

Needs what networks.py and expansion.py need.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

import conditioning
import expansion
import networks
import tiny
import tokenizer

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"
PLACE = 5  # where the vectors begin


def vectors(count, width, seed):
    return 0.05 * torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def with_vectors(model, ids, rows, place):
    """The model's answer with rows put into its table behind the vocabulary, as textual inversion does."""
    table = model.get_input_embeddings()
    own = table.weight.data
    table.weight.data = torch.cat([own, rows])
    ids = ids.clone()
    ids[0, place : place + len(rows)] = torch.arange(len(own), len(own) + len(rows))
    try:
        return model(ids, output_hidden_states=True)
    finally:
        table.weight.data = own


def embeddings(l, g):
    """The forms in which people have them."""
    target = FOLDER / "embeddings"
    target.mkdir(exist_ok=True)
    save_file({"clip_l": l, "clip_g": g}, target / "both.safetensors")
    save_file({"clip_g": g}, target / "only-g.safetensors")
    save_file({"emb_params": l}, target / "a1111.safetensors")
    torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": l}, "name": "old", "step": 100}, target / "a1111.pt")
    torch.save({"<mine>": l[0]}, target / "diffusers.bin")
    torch.save([{"<one>": l[0]}, {"<two>": l[1]}, {"<three>": g[0]}], target / "list.bin")
    save_file({"text_encoders_0": l, "text_encoders_1": g}, target / "pivotal.safetensors")
    save_file({"emb_params": torch.zeros(2, 32)}, target / "other-model.safetensors")


def context(models, encode, section, rows, skip=2):
    """A section of words and of None, where the vectors stand; an encoder without vectors skips them."""
    channels, pooled = [], None
    for name, model in models.items():
        own = rows.get(name)
        ids = [0 if one is None else one for one in section if one is not None or own is not None]
        framed = conditioning.framed([(one, 1.0) for one in ids], conditioning.PADDING[name])
        place = 1 + section.index(None)
        out = model(framed, output_hidden_states=True) if own is None else with_vectors(model, framed, own, place)
        channels.append(out.hidden_states[-skip])
        if name == "g":
            pooled = out.text_embeds
    return torch.cat(channels, 2), pooled


@torch.no_grad()
def main():
    weights = {k: v.float() for k, v in tiny.checkpoint().items()}
    models = {"l": networks.text_l_of(weights), "g": networks.text_g_of(weights)}
    encode = tokenizer.clip()
    l, g = vectors(3, tiny.WIDTH_L, 1), vectors(3, tiny.WIDTH_G, 2)
    embeddings(l, g)
    words = [(one, 1.0) for one in encode("a photo of a cat beside a lake")]
    ids = {name: conditioning.framed(words, conditioning.PADDING[name]) for name in models}
    out_l = with_vectors(models["l"], ids["l"], l, PLACE)
    out_g = with_vectors(models["g"], ids["g"], g, PLACE)
    before, after = encode("a photo of"), encode("in a garden")
    section = [*before, None, None, None, *after]
    both, pooled = context(models, encode, section, {"l": l, "g": g})
    alone, pooled_alone = context(models, encode, section, {"g": g})

    net, vocabulary = expansion.main()
    start = torch.tensor([[64, 300, 11, 500, 42, 611]])
    whole = net(start, use_cache=True)
    cache = whole.past_key_values
    rows = lambda values: values.transpose(1, 2).flatten(2)[0]  # noqa: E731 [1, heads, n, 64] -> [n, w]
    present = torch.stack([rows(part) for layer in cache.layers for part in (layer.keys, layer.values)]).clone()
    following = net(torch.tensor([[77]]), past_key_values=cache, use_cache=True)
    tensors = {
        "text-vectors.ids_l": ids["l"].float(),
        "text-vectors.ids_g": ids["g"].float(),
        "text-vectors.l": l,
        "text-vectors.g": g,
        "text-vectors.hidden_l_2": out_l.hidden_states[-2],
        "text-vectors.hidden_g_2": out_g.hidden_states[-2],
        "text-vectors.pooled": out_g.text_embeds,
        "embedding.both.context": both[:, :, ::4].contiguous(),
        "embedding.both.pooled": pooled,
        "embedding.only-g.context": alone[:, :, ::4].contiguous(),
        "embedding.only-g.pooled": pooled_alone,
        "gpt2.ids": start.float(),
        "gpt2.scores": whole.logits[0, -1:].clone(),
        "gpt2.present": present,
        "gpt2.next": following.logits[0, -1:].clone(),
    }
    save_file(tensors, FOLDER / "text-networks.safetensors")
    for key, value in tensors.items():
        print(key, list(value.shape), round(value.std().item(), 4))


if __name__ == "__main__":
    main()
