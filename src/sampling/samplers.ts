import type { Sampler } from "./sampler.ts";
import { dpmpp2mSde } from "./samplers/dpmpp-2m-sde.ts";
import { dpmppSde } from "./samplers/dpmpp-sde.ts";
import { euler } from "./samplers/euler.ts";
import { eulerAncestral } from "./samplers/euler-ancestral.ts";
import { lcm } from "./samplers/lcm.ts";

/** The samplers there are. A new one is a file in `samplers/` and a line here. */
export const samplers = {
  euler: { sample: euler, noise: "fresh" },
  ddim: { sample: euler, noise: "fresh" },
  euler_ancestral: { sample: eulerAncestral, noise: "fresh" },
  dpmpp_sde: { sample: dpmppSde, noise: "brownian" },
  dpmpp_sde_gpu: { sample: dpmppSde, noise: "brownian" },
  dpmpp_2m_sde: { sample: dpmpp2mSde, noise: "brownian" },
  dpmpp_2m_sde_gpu: { sample: dpmpp2mSde, noise: "brownian" },
  lcm: { sample: lcm, noise: "fresh" },
} as const satisfies Record<string, Sampler>;

export type BuiltSampler = keyof typeof samplers;

/** Whether a sampler of the contract is built yet. */
export const isBuiltSampler = (name: string): name is BuiltSampler => Object.hasOwn(samplers, name);
