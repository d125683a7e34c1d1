import { networks } from "#/networks/index.ts";
import type { Network } from "#/networks/network.ts";
import { lastAxis, type Tensor, zeros } from "#/tensor/tensor.ts";
import { towerSource } from "#/weights/layouts/clip-vision.ts";
import { checkTowerFits } from "#/weights/layouts/image-prompt.ts";
import { type AdapterSizes, adapterSizes, adapterSource } from "#/weights/layouts/ip-adapter.ts";
import { type ImageTokens, negativeTokens } from "#/weights/layouts/ip-negative.ts";
import { visionSide } from "#/weights/layouts/vision-tower.ts";
import type { WeightFile } from "#/weights/weight-file.ts";
import { type Ask, askerOf } from "./ask.ts";
import type { ModelParts } from "./job-files.ts";
import type { JobNetwork } from "./job-network.ts";
import type { JobRequest } from "./open-network.ts";
import type { Residency } from "./residency.ts";

/**
 * Keys and values of a picture at every cross-attention of the UNet, in the order in which the UNet is drawn (input, middle,
 * output blocks): each [1, T, C].
 */
export type ImageKeys = readonly Readonly<{ keys: Tensor; values: Tensor }>[];

/** An image-prompt adapter of a job, with the vision tower that reads pictures for it. */
export type ImagePrompter = Readonly<{
  /** Pixels [1, 3, 224, 224], normalised as CLIP wants them -> what the cross-attentions are told of the picture */
  ofPicture: (pixels: Tensor) => Promise<ImageKeys>;
  /**
   * What they are told in the negative branch: the tokens of Fooocus' own file where the job names it and they are as many and as
   * wide as the adapter's, else what the published IP-Adapter has there: of an adapter that reads all tokens those of a picture
   * that is 0 everywhere behind the normalisation, of one that reads a vector those of a vector of zeros.
   */
  ofNothing: () => Promise<ImageKeys>;
}>;

/** What of a job's files image prompts are made of. */
type PromptFiles = Pick<ModelParts, "locate"> & Readonly<{ negative: () => WeightFile | undefined }>;

/**
 * The image prompts of a job in the order that it names their adapters, and the requests by which their networks are open. These
 * are asked once a task, before the UNet, so that they need not stay open beside it.
 *
 * @throws ModelError as {@link ModelParts.locate}, and where an adapter and the tower at its place do not fit
 */
export function imagePromptsOf(
  count: number,
  inJob: (network: Network, at: number) => JobNetwork,
  files: PromptFiles,
  residency: Residency,
): Readonly<{ asked: readonly ImagePrompter[]; requests: () => readonly JobRequest[] }> {
  const prompts = Array.from({ length: count }, (_, at) => {
    const adapter = files.locate(adapterSource, at);
    checkTowerFits(adapter, files.locate(towerSource, at));
    return { at, sizes: adapterSizes(adapter.tensors), widths: siteWidths(adapter.tensors) };
  });
  const asked = prompts.map(({ at, ...adapter }) => {
    const ask = askerOf((network) => inJob(network, at), residency);
    return prompter(ask, adapter, files.negative);
  });
  const requests = (): readonly JobRequest[] =>
    prompts.flatMap(({ at, sizes }) =>
      [towerFor(sizes), networks["image-tokens"], networks["image-keys"]].map(
        (network) => inJob(network, at).request,
      ),
    );
  return { asked, requests };
}

const towerFor = ({ reads }: AdapterSizes) =>
  networks[reads === "tokens" ? "vision-tokens" : "vision-vector"];

/** Channels of the cross-attentions, as the UNet is drawn. */
function siteWidths(adapter: ReadonlyMap<string, { readonly shape: readonly number[] }>): readonly number[] {
  const widths: number[] = [];
  for (let n = 0; adapter.has(`sites.${n}.to_k_ip.weight`); n += 1)
    widths.push(adapter.get(`sites.${n}.to_k_ip.weight`)?.shape[0] ?? 0);
  return widths;
}

type Adapter = Readonly<{ sizes: AdapterSizes; widths: readonly number[] }>;

function prompter(ask: Ask, { sizes, widths }: Adapter, negative: PromptFiles["negative"]): ImagePrompter {
  const keysOf = async (tokens: Tensor | ImageTokens): Promise<ImageKeys> => {
    const { keys, values } = await ask(networks["image-keys"], { tokens });
    let start = 0;
    return widths.map((width) => {
      const site = { keys: lastAxis(keys, start, width), values: lastAxis(values, start, width) };
      start += width;
      return site;
    });
  };
  const ofFeatures = async (features: Tensor): Promise<ImageKeys> =>
    keysOf((await ask(networks["image-tokens"], { features })).tokens);
  const ofPicture = async (pixels: Tensor): Promise<ImageKeys> =>
    ofFeatures((await ask(towerFor(sizes), { pixels })).features);
  return {
    ofPicture,
    ofNothing: async () => {
      const file = negative();
      const tokens = file === undefined ? undefined : negativeTokens(file, sizes);
      if (tokens !== undefined) return keysOf(tokens);
      return sizes.reads === "tokens"
        ? ofPicture(zeros([1, 3, visionSide, visionSide]))
        : ofFeatures(zeros([1, 1, sizes.width]));
    },
  };
}
