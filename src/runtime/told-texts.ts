import type { Operators } from "#/graph/operators.ts";
import { BugError } from "#/lib/errors.ts";
import { networks } from "#/networks/index.ts";
import type { Features, Network } from "#/networks/network.ts";
import { unetToldKeys } from "#/networks/unet.ts";
import { concat, type Tensor } from "#/tensor/tensor.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { attentionSites } from "#/weights/layouts/attention-sites.ts";
import { type Ask, askerOf } from "./ask.ts";
import type { ModelParts } from "./job-files.ts";
import { type JobNetwork, jobNetwork, type Workshop } from "./job-network.ts";
import type { ToldInputs, Unet } from "./models.ts";
import type { JobRequest } from "./open-network.ts";
import type { Residency } from "./residency.ts";

/**
 * What a UNet is told of a text in each run: hidden states [1, T, D], or the keys and values [1, T, C] that its cross-attentions
 * make of them, `text_keys_<n>` and `text_values_<n>`.
 */
export type ToldText = Readonly<{ context: Tensor } | ToldKeys>;

/** By the names of all inputs; these are of the first cross-attention. */
type ToldKeys = Readonly<Record<"text_keys_0" | "text_values_0", Tensor>>;

/**
 * What a UNet is told of these texts, in their order. Keys and values are made once, of all of them together, and kept until it is
 * asked for others; texts of which they would take too much memory are told as they are.
 */
export type TellTexts = (contexts: readonly Tensor[]) => Promise<readonly ToldText[]>;

/**
 * Bytes of keys and values that are kept. A section of SDXL's text takes 51 MB, so this is eight of them, about what a whole VAE
 * decode takes more than a UNet run: they stay open beside it.
 */
export const keptBytes = 416 * 10 ** 6;

/** A UNet of a job, and the requests by which it is open: told keys, and told texts that are too long for that. */
type AskedUnet = Readonly<{ unet: Unet; tellTexts: TellTexts; requests: () => readonly JobRequest[] }>;

/** The denoising network of a model's files. */
export function unetOf(
  files: Pick<ModelParts, "loras" | "locate" | "patch" | "checkpoint">,
  features: Features,
  workshop: Workshop,
): AskedUnet {
  const { residency, operators } = workshop;
  const request = (network: Network, textKeys: boolean): JobNetwork =>
    jobNetwork(network, files, { ...features, textKeys }, workshop);
  const asking = (textKeys: boolean): Ask => askerOf((network) => request(network, textKeys), residency);
  const [askWithText, askWithKeys] = [asking(false), asking(true)];
  const unet = async (inputs: ToldInputs): Promise<Tensor> =>
    isText(inputs)
      ? (await askWithText(networks.unet, inputs)).prediction
      : (await askWithKeys(unetToldKeys, inputs)).prediction;
  const read = askOnce((network) => request(network, false), residency);
  const widths = widthsOf(files.checkpoint.unet);
  return {
    unet,
    tellTexts: isToldKeys(operators, widths)
      ? keysOf(async (context) => read(networks["text-keys"], { context }), widths)
      : tellAsText,
    requests: () =>
      toldRequests(isToldKeys(operators, widths), (textKeys) => request(networks.unet, textKeys)),
  };
}

/** Whether a network with such cross-attentions is told keys and values. */
export const isToldKeys = (operators: Operators, widths: readonly number[]): boolean =>
  operators.textKeys && widths.length > 0;

/** Channels of the cross-attentions of a UNet, or of what is a copy of one, in the order of drawing. */
export const widthsOf = (tensors: WeightMap): readonly number[] =>
  attentionSites(tensors)
    .toSorted((a, b) => a.drawn - b.drawn)
    .map(({ channels }) => channels);

/** For what is asked once a prompt: what it takes of memory is worth more than what it takes to open. */
export const askOnce = (
  inJob: (network: Network) => JobNetwork,
  residency: Pick<Residency, "runOnce">,
): Ask => askerOf(inJob, { run: (wanted, inputs) => residency.runOnce(wanted, inputs) });

/** The requests by which a network is open that is told keys where it can be, and texts that are too long for that. */
export function toldRequests(
  isTold: boolean,
  inJob: (textKeys: boolean) => JobNetwork,
): readonly JobRequest[] {
  const plain = inJob(false).request;
  // Its weights are those of the other one and of the keys' network, so that it is no larger.
  const nothing = { bytes: () => 0, onCard: () => ({ weights: 0, features: 0 }) };
  return isTold ? [inJob(true).request, { ...plain, ...nothing }] : [plain];
}

/** Whether a network is told the text itself. */
export const isText = <Inputs extends Readonly<Record<string, Tensor>>>(
  inputs: Inputs,
): inputs is Inputs & Readonly<{ context: Tensor }> => Object.hasOwn(inputs, "context");

const isKeys = (named: Readonly<Record<string, Tensor>>): named is typeof named & ToldKeys =>
  Object.hasOwn(named, "text_keys_0") && Object.hasOwn(named, "text_values_0");

const asText = (context: Tensor): ToldText => ({ context });

/** Tells each text as it is. */
export const tellAsText: TellTexts = async (contexts) => contexts.map(asText);

/** Keys and values, the rows of each cross-attention together. */
type Read = Readonly<Record<"keys" | "values", Tensor>>;

/**
 * Tells keys and values, as many as may be kept.
 *
 * @param read   makes them of a text
 * @param widths of the cross-attentions in the order of drawing
 * @param kept   bytes
 */
export function keysOf(
  read: (context: Tensor) => Promise<Read>,
  widths: readonly number[],
  kept: number = keptBytes,
): TellTexts {
  const channels = widths.reduce((sum, width) => sum + width, 0);
  let known: ReadonlyMap<Tensor, ToldText> = new Map();
  return async (contexts) => {
    const each = [...new Set(contexts)];
    const rows = each.map(({ dims }) => dims[1] ?? 0);
    const total = rows.reduce((sum, count) => sum + count, 0);
    if (2 * 4 * total * channels > kept) return contexts.map(asText);
    if (!each.every((context) => known.has(context))) {
      // Before others are made: both together would be twice as much.
      known = new Map();
      const made = await read(concat(each, 1));
      let first = 0;
      known = new Map(
        each.map((context, i) => {
          const count = rows[i] ?? 0;
          first += count;
          return [context, toldRows(made, widths, { first: first - count, count, total })];
        }),
      );
    }
    return contexts.map((context) => known.get(context) ?? { context });
  };
}

/** One text's rows of all texts', without copies. */
function toldRows(
  made: Read,
  widths: readonly number[],
  { first, count, total }: Readonly<Record<"first" | "count" | "total", number>>,
): ToldText {
  let before = 0;
  const told = widths.flatMap((width, site) => {
    const start = before + first * width;
    before += total * width;
    return (["keys", "values"] as const).map((what) => {
      const data = made[what].data.subarray(start, start + count * width);
      return [`text_${what}_${site}`, { dims: [1, count, width], data }] as const;
    });
  });
  const named = Object.fromEntries(told);
  if (!isKeys(named)) throw new BugError("A UNet without cross-attentions is told keys.");
  return named;
}
