import { loadConfig } from "#/config/load.ts";
import { EngineError } from "#/lib/errors.ts";
import { cudaPlace } from "#/native/cuda/folder.ts";
import { cudaSet } from "#/native/cuda/set.ts";
import { usualIndex } from "#/outgoing/download/python-index.ts";
import type { Ending, Given } from "../invocation.ts";
import { addCuda } from "./add.ts";
import { showCuda } from "./show.ts";

/**
 * Says what there is of CUDA, or adds to it.
 *
 * @returns 0 where CUDA can be used, or all its libraries are there now; else 1, 130 or 143 when it was interrupted
 * @throws AppError for words that mean nothing
 */
export async function cuda({ flags, env, words, options }: Given): Promise<Ending> {
  const { config } = loadConfig({ flags, env });
  const [what, ...paths] = words;
  const to = { ...cudaPlace(config.cuda_libraries), set: cudaSet };
  switch (what) {
    case undefined:
      refuseOptionsOfAdd(options);
      return await showCuda(to, { verify: options["verify"] === true, json: options["json"] === true });
    case "add":
      refuseOptionsOfShow(options);
      return await addCuda(to, { paths, fetch: options["fetch"] === true, index: indexOf(options, paths) });
    default: {
      const message = `cuda ${what}? There is fooocusd cuda, and fooocusd cuda add.`;
      throw new EngineError("bad-setting", message);
    }
  }
}

/** The index that is asked, which nobody asks where nothing is fetched. */
function indexOf(options: Given["options"], paths: readonly string[]): string {
  const { fetch, index } = options;
  if (typeof index !== "string") return usualIndex;
  if (fetch !== true && paths.length > 0)
    throw new EngineError("bad-setting", "--index is for what --fetch fetches; name both, or neither.");
  if (!/^https?:$/.test(URL.parse(index)?.protocol ?? ""))
    throw new EngineError(
      "bad-setting",
      `--index ${index} is no address of an index of Python packages, such as ${usualIndex}.`,
    );
  return index;
}

function refuseOptionsOfShow(options: Given["options"]): void {
  const strange = ["verify", "json"].find((name) => options[name] !== undefined);
  if (strange !== undefined)
    throw new EngineError(
      "bad-setting",
      `--${strange} is an option of fooocusd cuda alone, not of cuda add.`,
    );
}

function refuseOptionsOfAdd(options: Given["options"]): void {
  const strange = ["fetch", "index"].find((name) => options[name] !== undefined);
  if (strange !== undefined)
    throw new EngineError("bad-setting", `--${strange} is an option of fooocusd cuda add.`);
}
