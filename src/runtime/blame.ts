import { basename } from "node:path";
import { type AppError, EngineError, ModelError, RequestError } from "#/lib/errors.ts";
import { isFiniteThroughout, type Tensor, zeros } from "#/tensor/tensor.ts";
import type { Checkpoint } from "#/weights/checkpoint.ts";
import { firstDamaged } from "#/weights/damage.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import type { LoraUse, Part } from "./lora-set.ts";
import type { Vae } from "./models.ts";

/**
 * Whom to blame when a network answers with infinities or NaN. All of this costs seconds and happens after the failure
 * only; what is suspected most often is looked at first.
 */

/** Whether an answer holds numbers only; one that is absent does. */
export const isNumbers = (tensor: Tensor | undefined): boolean =>
  tensor === undefined || isFiniteThroughout(tensor.data);

/** A way to ask a network again with some of its inputs replaced; answers with its output. */
export type Ask = (changed: Readonly<Record<string, Tensor>>) => Promise<Tensor>;

/** A text encoder's inputs are token numbers: it can only be the LoRAs, or its own file. */
export async function blameForText(
  part: "textL" | "textG",
  ask: Ask,
  checkpoint: Checkpoint,
  loras: readonly LoraUse[],
): Promise<AppError> {
  const encoder = `text encoder ${part === "textL" ? "L" : "G"}`;
  const attached = loras.filter(({ lora }) => lora[part].size > 0);
  return (
    (await damagedLora(attached, part)) ??
    (await tooStrong(attached, ask)) ??
    (await damagedFile(checkpoint[part].values())) ??
    overflow(`${basename(checkpoint.path)}: its ${encoder}`, checkpoint.path)
  );
}

/** A failed call of the UNet. */
export type UnetCall = Readonly<{
  inputs: Readonly<{ sample: Tensor; context: Tensor; y: Tensor }>;
  ask: Ask;
  checkpoint: Checkpoint;
  loras: readonly LoraUse[];
}>;

/** The inputs, each LoRA's factors, the LoRAs' strengths by trial, the network's own weights, the text by trial. */
export async function blameForUnet({ inputs, ask, checkpoint, loras }: UnetCall): Promise<AppError> {
  if (!isNumbers(inputs.context) || !isNumbers(inputs.y))
    return new EngineError("session-failed", "The text was encoded into values that are not numbers.");
  if (!isNumbers(inputs.sample)) return runaway();
  const attached = loras.filter(({ lora }) => lora.unet.size > 0);
  return (
    (await damagedLora(attached, "unet")) ??
    (await tooStrong(attached, ask)) ??
    (await damagedFile(checkpoint.unet.values())) ??
    (await tooLoud(inputs.context, ask)) ??
    overflow(`${basename(checkpoint.path)}: its UNet`, checkpoint.path)
  );
}

/** The VAE's input was looked at before; its weights are left. */
export async function blameForVae({ file, tensors }: Vae, input: Tensor): Promise<AppError> {
  if (!isNumbers(input)) return runaway();
  return (await damagedFile(tensors.values())) ?? overflow(`${basename(file.path)}: its VAE`, file.path);
}

/** The sampler's own numbers grew out of all bounds; the networks answered with numbers. */
export const runaway = (): EngineError =>
  new EngineError(
    "session-failed",
    "The sampler's values became infinite, though every network answered with numbers. Another sampler, more steps or less guidance may help.",
  );

/** Their alphas are numbers: whoever reads the header refuses others. */
const damagedLora = (loras: readonly LoraUse[], part: Part): Promise<AppError | undefined> =>
  damagedFile(
    loras.flatMap(({ lora }) => [...lora[part].values()].flat()).flatMap(({ down, up }) => [down, up]),
  );

async function damagedFile(refs: Iterable<WeightRef>): Promise<AppError | undefined> {
  const damaged = await firstDamaged(refs);
  if (damaged === undefined) return undefined;
  const { path, key } = damaged;
  const message = `${basename(path)} is damaged: its tensor ${key} holds values that are not numbers. Get the file again.`;
  return new ModelError("file-unreadable", message, { path, key });
}

/** Without LoRAs the answer is one of numbers: which of them is it alone, or is it all together? */
async function tooStrong(loras: readonly LoraUse[], ask: Ask): Promise<AppError | undefined> {
  const trial = (strengths: readonly number[]): Promise<Tensor> =>
    ask({ lora_strengths: { dims: [strengths.length], data: Float32Array.from(strengths) } });
  if (loras.length === 0 || !isNumbers(await trial(loras.map(() => 0)))) return undefined;
  const guilty: LoraUse[] = [];
  for (const [index, use] of loras.entries()) {
    const alone = loras.map((_, i) => (i === index ? use.strength : 0));
    if (loras.length === 1 || !isNumbers(await trial(alone))) guilty.push(use);
  }
  const named = guilty.length > 0 ? guilty : loras;
  const names = named
    .map(({ lora, strength }) => `${basename(lora.path)} at strength ${strength}`)
    .join(", ");
  return new RequestError(
    "invalid-value",
    `With ${names} a network answers with values that are not numbers, without LoRAs it does not. Lower the weight.`,
    { field: "loras" },
  );
}

/** With no text at all the answer is one of numbers. */
async function tooLoud(context: Tensor, ask: Ask): Promise<AppError | undefined> {
  if (!isNumbers(await ask({ context: zeros(context.dims) }))) return undefined;
  const largest = context.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return new RequestError(
    "invalid-value",
    `The prompt's weights make values up to ${largest.toPrecision(3)} of it, with which the network answers in no numbers. Use weights near 1.`,
    { field: "prompt" },
  );
}

function overflow(what: string, path: string): ModelError {
  return new ModelError(
    "file-unreadable",
    `${what} answers with values that are not numbers, though it holds none: it is broken, or needs a precision it did not get.`,
    { path },
  );
}
