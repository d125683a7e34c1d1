"""PyTorch's side of throughput.ts: an RRDBNet of a file in Real-ESRGAN's names, once for every line that comes in; processor
seconds as JSON, with the features' channels first and last.

    python3 throughput.py FILE.safetensors SIDE
"""
import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "golden"))
from upscalers import RrdbNet  # noqa: E402

torch.set_num_threads(1)


@torch.inference_mode()
def main():
    tensors, side = load_file(sys.argv[1]), int(sys.argv[2])
    image = (torch.arange(3 * side * side) * 7919 % 1000 / 1000).reshape(1, 3, side, side)
    nets = {}
    for name, layout in (("channels first", torch.contiguous_format), ("channels last", torch.channels_last)):
        net = RrdbNet(tensors)
        net.t = {k: v.contiguous(memory_format=layout) if v.dim() == 4 else v for k, v in net.t.items()}
        nets[name] = (net, image.contiguous(memory_format=layout))
    for net, x in nets.values():
        net.pixels(net.features(x))
    for _ in sys.stdin:
        out = {}
        for name, (net, x) in nets.items():
            start = time.process_time()
            features = net.features(x)
            middle = time.process_time()
            net.pixels(features)
            out[name] = {"features": middle - start, "pixels": time.process_time() - middle}
        print(json.dumps(out), flush=True)


if __name__ == "__main__":
    main()
