import type { Value } from "../graph.ts";
import { keepingShape } from "./arithmetic.ts";

/** x * sigmoid(x) (Elfwing et al. 2017) */
export const silu = (x: Value): Value => x.graph.operators.silu(x);

/** x * sigmoid(1.702 x), CLIP's approximation of GELU */
export const quickGelu = (x: Value): Value => x.graph.operators.quickGelu(x);

/** Exact GELU (Hendrycks & Gimpel 2016) */
export const gelu = (x: Value): Value => x.graph.operators.gelu(x);

/** GELU by its tanh formula (Hendrycks & Gimpel 2016), as GPT-2 was trained with */
export const geluTanh = (x: Value): Value => keepingShape("Gelu", x, { approximate: "tanh" });
