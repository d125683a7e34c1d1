"""Turns rendered scenes into latents: scenes-*.npy -> latents-*.pt (fp16). Skips what is done.

    python3 encode.py STATE_DIR [PATTERN]      one thread; run one process a core on different patterns
"""
import sys
from pathlib import Path

import numpy as np
import torch

from nets import CONFIG, VAE, reduced



@torch.no_grad()
def main(state, pattern="scenes-*.npy"):
    torch.set_num_threads(1)
    vae = VAE(**CONFIG["vae"])
    vae.load_state_dict(torch.load(state / "vae.pt")["model"])
    vae.to(memory_format=torch.channels_last)  # a quarter faster
    for f in sorted(state.glob(pattern)):
        out = f.with_name(f.name.replace("scenes", "latents")).with_suffix(".pt")
        if out.exists():
            continue
        a = np.load(f)
        n = max(1, 32 * 128 * 128 // (a.shape[1] * a.shape[2]))
        z = []
        for i in range(0, len(a), n):
            x = torch.from_numpy(a[i : i + n]).permute(0, 3, 1, 2).float() / 127.5 - 1
            with reduced():
                z.append(vae.to_latent(x).half())
        z = torch.cat(z)
        torch.save(z, out.with_suffix(".tmp"))
        out.with_suffix(".tmp").rename(out)
        print(out.name, z.shape, "mean", z.float().mean((0, 2, 3)).tolist(), "std", z.float().std((0, 2, 3)).tolist(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
