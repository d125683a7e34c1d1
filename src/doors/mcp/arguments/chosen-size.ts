import type { GenerateRequest } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";
import type { DoorParts } from "#/routes/door.ts";

const pixels = /^\s*(\d+)\s*[x*×]\s*(\d+)\s*$/i;
const ratio = /^\s*(\d{1,5})\s*:\s*(\d{1,5})\s*$/;

/**
 * A size as the main API writes it. An aspect ratio is that of the sizes that suit the model which comes nearest to it.
 *
 * @throws RequestError `invalid-value` naming the field `size`
 */
export function chosenSize(
  said: string,
  request: Pick<GenerateRequest, "preset" | "base_model_name">,
  { choices }: Pick<DoorParts, "choices">,
): string {
  const [, width, height] = pixels.exec(said) ?? [];
  if (width !== undefined && height !== undefined) return `${width}*${height}`;
  const [, across = "0", down = "0"] = ratio.exec(said) ?? [];
  const wanted = Math.log(Number(across) / Number(down));
  if (!Number.isFinite(wanted)) {
    const value = said.slice(0, 100);
    const message = `size: ${JSON.stringify(value)} is no size; write 1152x896, or an aspect ratio such as 16:9.`;
    throw new RequestError("invalid-value", message, { field: "size", value });
  }
  const offered = choices(request).fields.aspect_ratios_selection;
  const distance = (size: string): number => {
    const [w, h] = size.split("*").map(Number);
    return Math.abs(Math.log((w ?? 1) / (h ?? 1)) - wanted);
  };
  const nearest = offered.toSorted((a, b) => distance(a) - distance(b))[0];
  if (nearest !== undefined) return nearest;
  throw new RequestError("invalid-value", "size: the model has no list of sizes; write width x height.", {
    field: "size",
    value: said,
  });
}
