"""SDXL's noise levels, the server's sigma tables and samplers, in the parameterisation x = x0 + sigma·noise."""
import math

import torch

from nets import reduced

BETAS = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
ABAR = torch.cumprod(1 - BETAS, 0)
SIGMAS = ((1 - ABAR) / ABAR).sqrt().float()
LOG = SIGMAS.log()


def t_of(sigma):
    """Nearest discrete timestep."""
    return (torch.as_tensor(float(sigma)).log() - LOG).abs().argmin().item()


def sigma_at(t):
    lo = int(math.floor(t))
    hi = min(lo + 1, 999)
    return math.exp(LOG[lo].item() * (1 - (t - lo)) + LOG[hi].item() * (t - lo))


def karras(n):
    lo, hi = SIGMAS[0].item() ** (1 / 7), SIGMAS[-1].item() ** (1 / 7)
    return [(hi + i / (n - 1) * (lo - hi)) ** 7 for i in range(n)] + [0.0]


def sgm_uniform(n):
    return [sigma_at(999 - 999 * i / n) for i in range(n)] + [0.0]


def lcm_table(n):
    """sgm_uniform over the 50 distilled levels 19, 39 … 999 (end 19)."""
    logs = [LOG[20 * j + 19].item() for j in range(50)]
    out = []
    for i in range(n):
        j = (999 - (999 - 19) * i / n - 19) / 20
        lo = int(math.floor(j))
        hi = min(lo + 1, 49)
        out.append(math.exp(logs[lo] * (1 - (j - lo)) + logs[hi] * (j - lo)))
    return out + [0.0]


def lcm_t_of(sigma):
    return 20 * (torch.as_tensor(float(sigma)).log() - LOG[19::20]).abs().argmin().item() + 19


class Denoiser:
    """(x, sigma) -> x0 estimate. `cond` and `uncond` are (context, y-function of t)."""

    def __init__(self, unet, cond, uncond=None, cfg=1.0, t_of=t_of):
        self.unet, self.cond, self.uncond, self.cfg, self.t_of = unet, cond, uncond, cfg, t_of

    def one(self, branch, x, sigma):
        t = self.t_of(sigma)
        with reduced():
            eps = self.unet(x / math.sqrt(sigma**2 + 1), torch.full((len(x),), float(t)), branch[0], branch[1](t)).float()
        return x - sigma * eps

    def __call__(self, x, sigma):
        p = self.one(self.cond, x, sigma)
        if self.cfg == 1 or self.uncond is None:
            return p
        q = self.one(self.uncond, x, sigma)
        return q + self.cfg * (p - q)


def euler(d, x, table):
    for s, n in zip(table, table[1:]):
        x = x + (x - d(x, s)) / s * (n - s)
    return x


def dpmpp_2m_sde(d, x, table, gen=None):
    old = h_last = None
    for s, n in zip(table, table[1:]):
        D = d(x, s)
        if n == 0:
            return D
        h = math.log(s) - math.log(n)
        k = 2 * h
        y = n / s * math.exp(-h) * x + (1 - math.exp(-k)) * D
        if old is not None:
            y = y + 0.5 * (1 - math.exp(-k)) * (h / h_last) * (D - old)
        x = y + torch.randn(x.shape, generator=gen) * n * math.sqrt(1 - math.exp(-k))
        old, h_last = D, h
    return x


def split(a, b):
    up = min(b, math.sqrt(max(0.0, b * b * (a * a - b * b) / (a * a))))
    return math.sqrt(max(0.0, b * b - up * up)), up


def dpmpp_sde(d, x, table, gen=None, seen=None):
    """Two evaluations a step; `seen(x, sigma)` is told every place where the network is asked."""
    for s, n in zip(table, table[1:]):
        if seen:
            seen(x, s)
        D = d(x, s)
        if n == 0:
            x = D
            continue
        mid = math.exp(-(-math.log(s) + (math.log(s) - math.log(n)) / 2))
        down, up = split(s, mid)
        x2 = (down / s) * x + (1 - down / s) * D + up * torch.randn(x.shape, generator=gen)
        if seen:
            seen(x2, mid)
        D2 = d(x2, mid)
        down, up = split(s, n)
        x = (down / s) * x + (1 - down / s) * D2 + up * torch.randn(x.shape, generator=gen)
    return x


def lcm(d, x, table, gen=None):
    for s, n in zip(table, table[1:]):
        x = d(x, s)
        if n > 0:
            x = x + n * torch.randn(x.shape, generator=gen)
    return x


def start(shape, table, gen=None):
    s = table[0]
    x = torch.randn(shape, generator=gen)
    return x * math.sqrt(1 + s * s) if s >= SIGMAS[-1].item() * (1 - 1e-5) else x * s
