import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { type ForeignKind, readForeign } from "#/weights/onnx/foreign-kinds.ts";
import type { OnnxFile } from "#/weights/onnx/read-onnx.ts";
import { isNumbers } from "../blame.ts";
import type { JobRequest } from "../open-network.ts";
import type { Residency } from "../residency.ts";
import { endName } from "./float32-ends.ts";

/** A network that whoever made it drew: an ONNX file as it lies, with one input. */
export type ForeignNetwork = Readonly<{
  /** What it takes and gives, by its own words. */
  file: OnnxFile;
  /**
   * Its first output.
   *
   * @throws ModelError where it answers in no numbers, EngineError as {@link Residency.run}, or `out-of-memory` where it is
   *   larger than the budget
   */
  run: (input: Tensor) => Promise<Tensor>;
}>;

/**
 * Reads what a file says of itself; nothing is opened before it is asked.
 *
 * @throws ModelError as {@link readForeign}
 */
export const openForeign = (kind: ForeignKind, path: string, residency: Residency): ForeignNetwork =>
  foreignNetwork(readForeign(kind, path), residency);

function foreignNetwork(file: OnnxFile, residency: Residency): ForeignNetwork {
  const request = requestOf(file);
  return {
    file,
    run: async (input) => {
      const [wanted, given] = [file.inputs[0], file.outputs[0]];
      if (wanted === undefined || given === undefined) throw lacking(file, "takes or gives nothing");
      residency.refuseTooLarge([request]);
      const answers = await residency.run(request, { [endName(wanted)]: input });
      const answer = answers[endName(given)];
      if (answer === undefined || !isNumbers(answer))
        throw lacking(file, "answers with values that are not numbers");
      return answer;
    },
  };
}

const lacking = ({ path }: OnnxFile, what: string): ModelError =>
  new ModelError(
    "file-unreadable",
    `${basename(path)} ${what}: it is broken, or another network than it is called.`,
    {
      path,
    },
  );

const requestOf = (file: OnnxFile): JobRequest => ({
  key: ["onnx", ...file.files.map(({ path, stamp }) => `${path}:${stamp}`)].join("|"),
  name: basename(file.path),
  files: file.files,
  draw: () => file,
  bytes: () => file.bytes,
});
