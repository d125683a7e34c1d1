import { once } from "#/lib/once.ts";
import { controlnetToldKeys } from "#/networks/controlnet.ts";
import { networks } from "#/networks/index.ts";
import type { Network } from "#/networks/network.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { type Ask, askerOf } from "./ask.ts";
import type { JobNetwork, Workshop } from "./job-network.ts";
import type { ToldInputs } from "./models.ts";
import type { JobRequest } from "./open-network.ts";
import {
  askOnce,
  isText,
  isToldKeys,
  keptBytes,
  keysOf,
  type TellTexts,
  tellAsText,
  toldRequests,
  widthsOf,
} from "./told-texts.ts";

/** A ControlNet of a job. */
export type ControlNet = Readonly<{
  /** Picture [1, 3, 8h, 8w] from 0 to 1 -> its features [1, C, h, w], the same for every call */
  hint: (picture: Tensor) => Promise<Tensor>;
  /** What {@link ControlNet.residuals} is told of texts: keys and values are its own. */
  tellTexts: TellTexts;
  /**
   * What is to be added in one call of the UNet with these inputs: to the skip of each block in the order they are made, and
   * last behind the middle.
   */
  residuals: (inputs: ToldInputs & Readonly<{ hint: Tensor }>) => Promise<readonly Tensor[]>;
}>;

/** What a ControlNet of a job is, by its place, and whether it is told keys of the text. */
type InJob = (network: Network, at: number, textKeys: boolean) => JobNetwork;

/** The ControlNets of a job in the order that it names them, and the requests by which they are open. */
export function controlNetsOf(
  count: number,
  inJob: InJob,
  { operators, residency }: Pick<Workshop, "operators" | "residency">,
): Readonly<{ asked: readonly ControlNet[]; requests: () => readonly JobRequest[] }> {
  const { controlnet, "control-hint": encoder, "control-text-keys": textKeys } = networks;
  const places = Array.from({ length: count }, (_, at) => at);
  const widthsAt = (at: number): readonly number[] => widthsOf(inJob(controlnet, at, true).located.tensors);
  const asked = places.map((at): ControlNet => {
    const asking = (told: boolean): Ask => askerOf((network) => inJob(network, at, told), residency);
    const [askWithText, askWithKeys] = [asking(false), asking(true)];
    const read = askOnce((network) => inJob(network, at, false), residency);
    const telling = once((): TellTexts => {
      const widths = widthsAt(at);
      // All of them together keep no more than the UNet.
      return isToldKeys(operators, widths)
        ? keysOf(async (context) => read(textKeys, { context }), widths, keptBytes / count)
        : tellAsText;
    });
    return {
      hint: async (picture) => (await askWithText(encoder, { picture })).hint,
      tellTexts: async (contexts) => telling()(contexts),
      residuals: async (inputs) => {
        const answer = isText(inputs)
          ? await askWithText(controlnet, inputs)
          : await askWithKeys(controlnetToldKeys, inputs);
        return controlnet.outputs.map((place) => answer[place]);
      },
    };
  });
  const requests = (): readonly JobRequest[] =>
    places.flatMap((at) => [
      ...toldRequests(isToldKeys(operators, widthsAt(at)), (told) => inJob(controlnet, at, told)),
      inJob(encoder, at, false).request,
    ]);
  return { asked, requests };
}
