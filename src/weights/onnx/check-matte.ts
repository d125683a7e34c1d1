import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { OnnxFile } from "./read-onnx.ts";
import { type OnnxPort, shownPort } from "./read-port.ts";

/**
 * Whether a file can be a network that makes mattes: a square picture in three planes goes in, and what comes out first is
 * planes. What it leaves open is seen when it runs.
 *
 * @throws ModelError `dtype-unsupported` or `layout-unsupported` with what was found and what is wanted
 */
export function checkMatte(file: OnnxFile): void {
  const [input, ...more] = file.inputs;
  const [output] = file.outputs;
  if (input === undefined || more.length > 0)
    throw refused(file, `takes ${file.inputs.length} inputs`, "one picture, [1, 3, side, side]");
  checkFloats(file, input);
  const [count, planes, height, width, ...rest] = input.dims ?? [1, 3];
  const isPicture = (count ?? 1) === 1 && (planes ?? 3) === 3 && rest.length === 0 && height === width;
  if (!isPicture || (input.dims !== undefined && input.dims.length !== 4))
    throw refused(file, `takes ${shownPort(input)}`, "one picture, [1, 3, side, side]");
  if (output === undefined) throw refused(file, "gives nothing", "[1, 1, height, width]");
  checkFloats(file, output);
  if (output.dims !== undefined && output.dims.length !== 4)
    throw refused(file, `gives ${shownPort(output)}`, "[1, 1, height, width]");
}

/** @throws ModelError `dtype-unsupported` for what is neither float32 nor float16 */
export function checkFloats({ path }: Pick<OnnxFile, "path">, port: OnnxPort): void {
  if (port.type === "float32" || port.type === "float16") return;
  const message = `${basename(path)} takes or gives ${shownPort(port)}; float32 or float16 is wanted.`;
  throw new ModelError("dtype-unsupported", message, { path });
}

/** The error for a network of another shape. */
export const refused = ({ path }: Pick<OnnxFile, "path">, found: string, wanted: string): ModelError =>
  new ModelError(
    "layout-unsupported",
    `${basename(path)} ${found}; ${wanted} is wanted. It is another network than it is called.`,
    { path },
  );
