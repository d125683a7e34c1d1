import type { UnetInputs } from "#/runtime/models.ts";
import type { Tensor } from "#/tensor/tensor.ts";

/** The inputs that every UNet has. */
export const unetInputs = (sample: Tensor, timestep: number, context: Tensor, y: Tensor): UnetInputs => ({
  sample,
  timestep: { dims: [1], data: Float32Array.of(timestep) },
  context,
  y,
});
