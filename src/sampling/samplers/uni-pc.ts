import type { Steps, Walk } from "../sampler.ts";
import { uniPcWalk } from "./uni-pc-walk.ts";

/** UniPC with B(h) = h (Zhao et al. 2023): predictor and corrector of order 3 from one network call a step. */
export const uniPc = (walk: Walk): Steps => uniPcWalk(walk, (h) => h);
