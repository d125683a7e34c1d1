import { basename } from "node:path";
import { type AppError, EngineError, ModelError, RequestError } from "#/lib/errors.ts";
import type { Carried, Network } from "#/networks/network.ts";
import { isFiniteThroughout, type Tensor, zeros } from "#/tensor/tensor.ts";
import { firstDamaged } from "#/weights/damage.ts";
import type { Differences } from "#/weights/differences.ts";
import type { Located } from "#/weights/layouts/part-source.ts";
import { tensorsOf } from "#/weights/lora/lora.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import type { LoraUse } from "./lora-set.ts";
import type { IntTensor } from "./session.ts";

/**
 * Whom to blame when a network answers with infinities or NaN. All of this costs seconds and happens after the failure
 * only; what is suspected most often is looked at first.
 */

/** Whether an answer holds numbers only. */
export const isNumbers = ({ data }: Tensor): boolean => isFiniteThroughout(data);

/** A call whose answer holds no numbers. */
export type FailedCall = Readonly<{
  network: Network;
  inputs: Readonly<Record<string, Tensor | IntTensor>>;
  located: Located;
  /** The LoRAs that have factors in the network. */
  loras: readonly LoraUse[];
  /** Differences that are added to its weights: what spans their range may be damaged. */
  patch?: Differences | undefined;
  /** Whether it answers with numbers when some of its inputs are replaced. */
  answersNumbers: (changed: Readonly<Record<string, Tensor>>) => Promise<boolean>;
}>;

/** The inputs, each LoRA's factors, the LoRAs' strengths and FreeU's numbers by trial, the network's own weights, the text by trial. */
export async function blame(call: FailedCall): Promise<AppError> {
  const { network, located, loras } = call;
  const fromText = carrying(call, "text", "adm");
  if (!fromText.every(([, tensor]) => isNumbers(tensor)))
    return new EngineError("session-failed", "The text was encoded into values that are not numbers.");
  if (!carrying(call, "latent", "picture").every(([, tensor]) => isNumbers(tensor))) return runaway();
  return (
    (await damagedLora(loras, network.loras)) ??
    (await tooStrong(call)) ??
    (await tooFree(call)) ??
    (await damagedFile(located.tensors.values())) ??
    (await damagedFile(rangesOf(call.patch))) ??
    (await tooLoud(call)) ??
    overflow(`${basename(located.file.path)}: its ${network.title}`, located.file.path)
  );
}

/** The inputs that carry one of these. */
const carrying = ({ network, inputs }: FailedCall, ...wanted: readonly Carried[]) =>
  Object.entries(inputs).flatMap(([name, { dims, data }]): [string, Tensor][] => {
    const carried = network.inputs[name] ?? (name.startsWith("text_") ? "text" : undefined);
    const is = carried !== undefined && wanted.includes(carried);
    return is && data instanceof Float32Array ? [[name, { dims, data }]] : [];
  });

/** The sampler's own numbers grew out of all bounds; the networks answered with numbers. */
export const runaway = (): EngineError =>
  new EngineError(
    "session-failed",
    "The sampler's values became infinite, though every network answered with numbers. Another sampler, more steps or less guidance may help.",
  );

/** Their alphas are numbers: whoever reads the header refuses others. */
const damagedLora = (loras: readonly LoraUse[], part: Network["loras"]): Promise<AppError | undefined> =>
  damagedFile(part === undefined ? [] : loras.flatMap(({ lora }) => tensorsOf(lora, part)));

const rangesOf = (patch: Differences | undefined): readonly WeightRef[] =>
  [...(patch?.tensors.values() ?? [])]
    .flat()
    .flatMap(({ range }) => [range?.low, range?.high])
    .filter((bound) => typeof bound === "object");

async function damagedFile(refs: Iterable<WeightRef>): Promise<AppError | undefined> {
  const damaged = await firstDamaged(refs);
  if (damaged === undefined) return undefined;
  const { path, key } = damaged;
  const message = `${basename(path)} is damaged: its tensor ${key} holds values that are not numbers. Get the file again.`;
  return new ModelError("file-unreadable", message, { path, key });
}

/** Without LoRAs the answer is one of numbers: which of them is it alone, or is it all together? */
async function tooStrong({ located, loras, answersNumbers }: FailedCall): Promise<AppError | undefined> {
  const trial = (strengths: readonly number[]): Promise<boolean> =>
    answersNumbers({ lora_strengths: { dims: [strengths.length], data: Float32Array.from(strengths) } });
  if (loras.length === 0 || !(await trial(loras.map(() => 0)))) return undefined;
  const guilty: LoraUse[] = [];
  for (const [index, use] of loras.entries()) {
    const alone = loras.map((_, i) => (i === index ? use.strength : 0));
    if (loras.length === 1 || !(await trial(alone))) guilty.push(use);
  }
  // The factors of a file of its own have no weight that anybody could lower.
  const named = (guilty.length > 0 ? guilty : loras).filter(({ lora }) => lora.path !== located.file.path);
  if (named.length === 0) return undefined;
  const names = named
    .map(({ lora, strength }) => `${basename(lora.path)} at strength ${strength}`)
    .join(", ");
  return new RequestError(
    "invalid-value",
    `With ${names} a network answers with values that are not numbers, without LoRAs it does not. Lower the weight.`,
    { field: "loras" },
  );
}

/** With FreeU's numbers at 1, where it changes nothing, the answer is one of numbers. */
async function tooFree({ inputs, answersNumbers }: FailedCall): Promise<AppError | undefined> {
  const { freeu } = inputs;
  if (freeu === undefined) return undefined;
  const { dims } = freeu;
  if (!(await answersNumbers({ freeu: { dims, data: new Float32Array(freeu.data.length).fill(1) } })))
    return undefined;
  return new RequestError(
    "invalid-value",
    "With these numbers of FreeU the network answers with values that are not numbers, without FreeU it does not. Use numbers near 1, or leave freeu_enabled out.",
    { field: "freeu_enabled" },
  );
}

/** With no text at all the answer is one of numbers. */
async function tooLoud(call: FailedCall): Promise<AppError | undefined> {
  const texts = carrying(call, "text");
  if (texts.length === 0) return undefined;
  const silent = texts.map(([name, { dims }]) => [name, zeros(dims)] as const);
  if (!(await call.answersNumbers(Object.fromEntries(silent)))) return undefined;
  const largest = texts.reduce((most, [, { data }]) => Math.max(most, largestOf(data)), 0);
  return new RequestError(
    "invalid-value",
    `The prompt's weights make values up to ${largest.toPrecision(3)} of it, with which the network answers in no numbers. Use weights near 1.`,
    { field: "prompt" },
  );
}

const largestOf = (data: Float32Array): number =>
  data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function overflow(what: string, path: string): ModelError {
  return new ModelError(
    "file-unreadable",
    `${what} answers with values that are not numbers, though it holds none: it is broken, or needs a precision it did not get.`,
    { path },
  );
}
