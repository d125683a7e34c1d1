import { openWeights } from "#/weights/open-weights.ts";
import { whyNotOffered } from "./model-names.ts";

/** Names of files that hold weights in a form that can be looked into. */
const weights = /\.(safetensors|pth|pt|ckpt|bin|patch)$/i;

/**
 * Why a file that was just fetched is not what its name says: a web page, a text, an archive that breaks off. Only its beginning is
 * read, and where its tensors lie.
 *
 * @param path where it lies for now
 * @param name what it will be called
 * @returns undefined where nothing speaks against it
 */
export function whyNotWhole(path: string, name: string): string | undefined {
  if (!weights.test(name)) return undefined;
  const foreign = whyNotOffered(path);
  if (foreign !== undefined) return foreign;
  try {
    openWeights(path);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message.replace(/\.$/, "") : String(thrown);
  }
}
