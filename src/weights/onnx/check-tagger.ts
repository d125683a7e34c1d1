import { checkFloats, refused } from "./check-matte.ts";
import type { OnnxFile } from "./read-onnx.ts";
import { shownPort } from "./read-port.ts";

const wanted = { input: "one picture, [1, side, side, 3]", output: "a number for each tag, [1, tags]" };

/**
 * Whether a file can be a WD14 tagger: a square picture goes in, its colours last, and a number for each tag comes out. What it
 * leaves open is seen when it runs.
 *
 * @throws ModelError `dtype-unsupported` or `layout-unsupported` with what was found and what is wanted
 */
export function checkTagger(file: OnnxFile): void {
  const [input, ...more] = file.inputs;
  const [output] = file.outputs;
  if (input === undefined || more.length > 0)
    throw refused(file, `takes ${file.inputs.length} inputs`, wanted.input);
  checkFloats(file, input);
  const dims = input.dims ?? [undefined, undefined, undefined, undefined];
  const [count, height, width, colours] = dims;
  if (dims.length !== 4 || (count ?? 1) !== 1 || (colours ?? 3) !== 3 || height !== width)
    throw refused(file, `takes ${shownPort(input)}`, wanted.input);
  if (output === undefined) throw refused(file, "gives nothing", wanted.output);
  checkFloats(file, output);
  if (output.dims !== undefined && output.dims.length !== 2)
    throw refused(file, `gives ${shownPort(output)}`, wanted.output);
}
