"""Writes the fixtures of the networks for previews: small files of each of their layouts, and what diffusers' AutoencoderTiny
and a network of eight convolutions make of a latent in float32.

    python3 scripts/golden/previews.py

Needs torch, diffusers and safetensors. The same versions give the same bytes, but for torch's own files.
"""

from pathlib import Path

import torch
from diffusers import AutoencoderTiny
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parents[2] / "test" / "golden"
WIDTH = 8
# Widths of the file that is out there are 8, 16, 32, 64, 32, 16, 8, 3; the kernels are its own.
WIDTHS, KERNELS = (4, 4, 6, 8, 10, 8, 6, 4, 3), (7, 5, 3, 3, 3, 3, 3, 3)


class Approximation(torch.nn.Module):
    """xlvaeapp: the latent twice as large with a border of zeros, then convolutions without padding."""

    def __init__(self):
        super().__init__()
        for n, kernel in enumerate(KERNELS):
            setattr(self, f"conv{n + 1}", torch.nn.Conv2d(WIDTHS[n], WIDTHS[n + 1], kernel))

    def forward(self, x):
        x = torch.nn.functional.interpolate(x, scale_factor=2, mode="nearest")
        x = torch.nn.functional.pad(x, (11, 11, 11, 11))
        for n in range(len(KERNELS)):
            x = torch.nn.functional.leaky_relu(getattr(self, f"conv{n + 1}")(x), 0.1)
        return x


def halves(model):
    """Weights that a file of float16 has exactly, large enough that the latent shows in the answer."""
    model.load_state_dict({k: (2 * v).half().float() for k, v in model.state_dict().items()})
    return model.eval()


@torch.no_grad()
def main():
    torch.manual_seed(91)
    latent = 1.5 * torch.randn(1, 4, 9, 7)
    approximation = halves(Approximation())
    torch.save({k: v.half() for k, v in approximation.state_dict().items()}, FOLDER / "preview-approximation.pth")

    tiny = halves(
        AutoencoderTiny(
            encoder_block_out_channels=(WIDTH,) * 4,
            decoder_block_out_channels=(WIDTH,) * 4,
            num_encoder_blocks=(1, 1, 1, 1),
            num_decoder_blocks=(3, 3, 3, 1),
        )
    )
    stored = {k: v.half() for k, v in tiny.state_dict().items()}
    save_file(stored, FOLDER / "preview-tiny-diffusers.safetensors")
    start = "decoder.layers."
    sequence = {}
    for key, value in stored.items():
        if key.startswith(start):
            index, rest = key.removeprefix(start).split(".", 1)
            sequence[f"{int(index) + 1}.{rest}"] = value
    torch.save(sequence, FOLDER / "preview-tiny-sequence.pth")

    answers = {
        "latent": latent,
        "approximation.image": approximation(latent),
        "tiny.image": tiny.decode(latent).sample,
    }
    save_file({k: v.contiguous() for k, v in answers.items()}, FOLDER / "preview-networks.safetensors")
    for key, value in answers.items():
        print(key, list(value.shape), round(value.std().item(), 4))


if __name__ == "__main__":
    main()
