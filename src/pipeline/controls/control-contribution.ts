import { type Control, controlInput } from "#/sampling/guidance/controlled.ts";
import { type Contribute, merged, toldTexts } from "#/sampling/guidance/inputs.ts";
import type { ModelSampling } from "#/sampling/model-sampling.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Side } from "../denoiser.ts";
import type { ImageJob } from "../job.ts";
import { contextsOf } from "../stages/encode-prompts.ts";

/** SDXL's nine skips, and the middle. */
const places = 10;

/** One side of the guidance, and what the networks are told there of sizes. */
type SideSizes = Readonly<{ side: Side; sizes: Contribute<Readonly<{ y: Tensor }>> }>;

/**
 * What the ControlNets add to the base model's network, each told what that one is told: the same latent, timestep, text and
 * sizes. It ends where another model takes over.
 *
 * @returns nothing for a job that nothing guides
 */
export function controlContribution(
  { job, prompts, guides = [] }: Pick<ImageJob, "job" | "prompts" | "guides">,
  { side, sizes }: SideSizes,
  sampling: ModelSampling,
): readonly Contribute[] {
  const { controls } = job.recipe;
  const { controlNets } = job.networks;
  const asked = guides.flatMap((guide): Control[] => {
    if (guide.kind !== "net") return [];
    const { use, hint } = guide;
    const { net, weight, stop } = use;
    const controlNet = controlNets[net];
    if (controlNet === undefined) return [];
    const text = toldTexts(controlNet.tellTexts, contextsOf(prompts))(side);
    const told = merged(text, sizes);
    const residuals: Control["residuals"] = async (call) => {
      const { sample, timestep } = call;
      const inputs = { sample, timestep: { dims: [1], data: Float32Array.of(timestep) }, hint };
      return controlNet.residuals({ ...inputs, ...(await told(call)) });
    };
    return [{ residuals, weight, stop }];
  });
  if (controls === undefined || asked.length === 0) return [];
  return [controlInput(asked, { places, softness: controls.softness }, sampling)];
}
