import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";

/**
 * The error for a file that cannot be used as a LoRA.
 *
 * @param why a clause that goes on from "cannot be used as a LoRA:", without its full stop
 * @param key the tensor that shows it
 */
export const refused = (path: string, why: string, key?: string): ModelError =>
  new ModelError("lora-unsupported", `${basename(path)} cannot be used as a LoRA: ${short(why, 480)}.`, {
    path,
    ...(key === undefined ? {} : { key: short(key) }),
  });

/** A name out of a file, which may be as long as its header: what a sentence has room for. */
export const short = (text: string, most = 160): string =>
  text.length > most ? `${text.slice(0, most)}...` : text;
