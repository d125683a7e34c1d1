import type { WeightRef } from "./weight-file.ts";

/**
 * How a run changes a weight W [out, in, kh, kw] or [out, in], seen as a matrix [out, n] with n = in · kh · kw, or a vector.
 * s is the strength, which the run is given; parts in brackets may be left out.
 *
 * | form | parts | what is added to W |
 * | --- | --- | --- |
 * | whole | values, as W | s · values |
 * | scaled | values, one for each row or column | s · values ⊙ W |
 * | product | up [out, r], down [r, n] | s · up · down (LoRA, Hu et al. 2021) |
 * | hadamard | a1, a2 [out, r], b1, b2 [r, n] | s · (a1 b1) ⊙ (a2 b2) (LoHa, Hyeon-Woo et al. 2022) |
 * | kronecker | w1 [a, b], w2 [out / a, n / b], each whole or as w1a, w1b and w2a, w2b, whose product it is | s · w1 ⊗ w2 (LoKr, Yeh et al. 2024) |
 * | sandwich | first [in, r], second [r, in] | s · W · first · second (GLoRA's A, Chavan et al. 2023) |
 * | rotated | turns [k, b, b], (rescale [out, 1]) | rescale · (W + s · turns · W) - W, turns acting on k groups of rows (OFT, Qiu et al. 2023) |
 * | rotated-input | turns [k, b, b] | s · W · turns, acting on k groups of columns (OFT in PEFT) |
 * | butterfly | turns [m, k, b, b], (rescale [out, 1]) | rescale · B_m … B_1 W - W, B = 1 + s · turns among rows 2^i · b/2 apart (BOFT, Liu et al. 2024) |
 * | butterfly-input | turns [m, k, b, b], rescale [out, 1] | s · (rescale · W (B_m … B_1)ᵀ - W), B = 1 + turns among columns (BOFT in PEFT) |
 *
 * With `magnitude` [out, 1, 1] or [1, in, 1] beside it, what a form adds at strength 1 gives V = W + Δ, and what is added
 * is s · (magnitude · V / ‖V‖ - W): DoRA (Liu et al. 2024).
 */
export type Form =
  | "whole"
  | "scaled"
  | "product"
  | "hadamard"
  | "kronecker"
  | "sandwich"
  | "rotated"
  | "rotated-input"
  | "butterfly"
  | "butterfly-input";

/** One change of one tensor: what a LoRA of a set does to it. */
export type WeightChange = Readonly<{
  form: Form;
  /** Which LoRA of the set it belongs to, whose strength it has. */
  owner: number;
  parts: Readonly<Record<string, WeightRef>>;
}>;
