import type { Sampler } from "./sampler.ts";
import { ddpm } from "./samplers/ddpm.ts";
import { dpm2 } from "./samplers/dpm-2.ts";
import { dpm2Ancestral } from "./samplers/dpm-2-ancestral.ts";
import { dpmAdaptive } from "./samplers/dpm-adaptive.ts";
import { dpmFast } from "./samplers/dpm-fast.ts";
import { dpmpp2m } from "./samplers/dpmpp-2m.ts";
import { dpmpp2mSde } from "./samplers/dpmpp-2m-sde.ts";
import { dpmpp2sAncestral } from "./samplers/dpmpp-2s-ancestral.ts";
import { dpmpp3mSde } from "./samplers/dpmpp-3m-sde.ts";
import { dpmppSde } from "./samplers/dpmpp-sde.ts";
import { euler } from "./samplers/euler.ts";
import { eulerAncestral } from "./samplers/euler-ancestral.ts";
import { heun } from "./samplers/heun.ts";
import { heunpp2 } from "./samplers/heunpp2.ts";
import { lcm } from "./samplers/lcm.ts";
import { lms } from "./samplers/lms.ts";
import { restart } from "./samplers/restart.ts";
import { tcd } from "./samplers/tcd.ts";
import { uniPc } from "./samplers/uni-pc.ts";
import { uniPcBh2 } from "./samplers/uni-pc-bh2.ts";

/** The samplers there are. A new one is a file in `samplers/` and a line here. */
export const samplers = {
  euler: { sample: euler, noise: "fresh" },
  euler_ancestral: { sample: eulerAncestral, noise: "fresh" },
  heun: { sample: heun, noise: "fresh" },
  heunpp2: { sample: heunpp2, noise: "fresh" },
  dpm_2: { sample: dpm2, noise: "fresh", discardPenultimate: true },
  dpm_2_ancestral: { sample: dpm2Ancestral, noise: "fresh", discardPenultimate: true },
  lms: { sample: lms, noise: "fresh" },
  dpm_fast: { sample: dpmFast, noise: "fresh" },
  dpm_adaptive: { sample: dpmAdaptive, noise: "fresh" },
  dpmpp_2s_ancestral: { sample: dpmpp2sAncestral, noise: "fresh" },
  dpmpp_sde: { sample: dpmppSde, noise: "brownian" },
  dpmpp_sde_gpu: { sample: dpmppSde, noise: "brownian" },
  dpmpp_2m: { sample: dpmpp2m, noise: "fresh" },
  dpmpp_2m_sde: { sample: dpmpp2mSde, noise: "brownian" },
  dpmpp_2m_sde_gpu: { sample: dpmpp2mSde, noise: "brownian" },
  dpmpp_3m_sde: { sample: dpmpp3mSde, noise: "brownian" },
  dpmpp_3m_sde_gpu: { sample: dpmpp3mSde, noise: "brownian" },
  ddpm: { sample: ddpm, noise: "fresh" },
  lcm: { sample: lcm, noise: "fresh" },
  tcd: { sample: tcd, noise: "fresh" },
  restart: { sample: restart, noise: "fresh" },
  ddim: { sample: euler, noise: "fresh" },
  uni_pc: { sample: uniPc, noise: "fresh", discardPenultimate: true, asksPastMask: true },
  uni_pc_bh2: { sample: uniPcBh2, noise: "fresh", discardPenultimate: true, asksPastMask: true },
} as const satisfies Record<string, Sampler>;

export type BuiltSampler = keyof typeof samplers;
