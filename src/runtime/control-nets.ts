import { networks } from "#/networks/index.ts";
import type { Network } from "#/networks/network.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { askerOf } from "./ask.ts";
import type { JobNetwork } from "./job-network.ts";
import type { UnetInputs } from "./models.ts";
import type { JobRequest } from "./open-network.ts";
import type { Residency } from "./residency.ts";

/** A ControlNet of a job. */
export type ControlNet = Readonly<{
  /** Picture [1, 3, 8h, 8w] from 0 to 1 -> its features [1, C, h, w], the same for every call */
  hint: (picture: Tensor) => Promise<Tensor>;
  /**
   * What is to be added in one call of the UNet with these inputs: to the skip of each block in the order they are made, and
   * last behind the middle.
   */
  residuals: (inputs: UnetInputs & Readonly<{ hint: Tensor }>) => Promise<readonly Tensor[]>;
}>;

/** The ControlNets of a job in the order that it names them, and the requests by which they are open. */
export function controlNetsOf(
  count: number,
  inJob: (network: Network, at: number) => JobNetwork,
  residency: Residency,
): Readonly<{ asked: readonly ControlNet[]; requests: () => readonly JobRequest[] }> {
  const { controlnet, "control-hint": encoder } = networks;
  const places = Array.from({ length: count }, (_, at) => at);
  const asked = places.map((at): ControlNet => {
    const ask = askerOf((network) => inJob(network, at), residency);
    return {
      hint: async (picture) => (await ask(encoder, { picture })).hint,
      residuals: async (inputs) => {
        const answer = await ask(controlnet, inputs);
        return controlnet.outputs.map((place) => answer[place]);
      },
    };
  });
  const requests = (): readonly JobRequest[] =>
    places.flatMap((at) => [controlnet, encoder].map((network) => inJob(network, at).request));
  return { asked, requests };
}
