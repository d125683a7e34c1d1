import { ModelError } from "#/lib/errors.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { headerOf, type Shapes, sdxlShapes, sdxlTiny } from "./sdxl-layout.ts";

/** Where the files of these tests pretend to lie. */
export const somePath = "/models/some.safetensors";

/** The error for a file of these tensors. */
export function refusal(shapes: Iterable<readonly [string, readonly number[]]>): ModelError {
  try {
    sdxlCheckpoint(headerOf(new Map(shapes), somePath));
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown;
    throw thrown;
  }
  throw new Error("it was not refused as a model");
}

/** The tiny SDXL layout with some tensors changed, added (a shape) or taken away (null). */
export function changed(changes: Readonly<Record<string, readonly number[] | null>>): Shapes {
  const shapes = sdxlShapes(sdxlTiny);
  for (const [key, shape] of Object.entries(changes)) {
    if (shape === null) shapes.delete(key);
    else shapes.set(key, shape);
  }
  return shapes;
}
