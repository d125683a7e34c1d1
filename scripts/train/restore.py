"""Makes a training state from an exported checkpoint, so that training can go on from what the repository holds.

    python3 restore.py CHECKPOINT.safetensors STATE_DIR

Writes STATE_DIR/model.pt and vae.pt with the file's weights (fp16, which training does not notice). The optimiser and
the auxiliary readers of the captions start anew. Then render and encode scenes and run `train.py` as the README says.
"""
import sys
from pathlib import Path

from safetensors.torch import load_file

from captions import WORDS
from export import PREFIX, build
from tokenizer import Bpe, Compact
from train import save


def weights_of(file, part, module, compact):
    """The weights of `module` (a part of `build`) in an exported file."""
    own = {k: v.clone() for k, v in module.state_dict().items()}
    for k, v in own.items():
        got = file[PREFIX[part] + k].float()
        if k.endswith("token_embedding.weight"):
            for row, token in enumerate(compact.ids):
                if token >= 0:
                    v[row] = got[token]
        else:
            v.copy_(got)
    return own


def main(checkpoint, state):
    file, compact = load_file(checkpoint), Compact(Bpe(), WORDS)
    parts = {name: weights_of(file, name, module, compact) for name, module in build(compact).items()}
    state.mkdir(parents=True, exist_ok=True)
    save(state / "vae.pt", {"model": parts.pop("vae")})
    save(state / "model.pt", {"model": parts, "ema": parts, "step": 1})


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
