import type { Form } from "../weight-change.ts";
import type { Ingredient } from "./ingredient.ts";

/** A change of one tensor as a file's header tells it, before its matrices are made; see {@link Form} for the parts. */
export type LoraChange = Readonly<{ form: Form; parts: Readonly<Record<string, Ingredient>> }>;

/** Changes of one network by the names of its tensors: weights, biases, norms. */
export type LoraChanges = ReadonlyMap<string, readonly LoraChange[]>;
