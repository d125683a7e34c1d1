import type { GenerateParams } from "#/api/generate.ts";
import { safetyNames } from "#/catalog/safety-file.ts";
import { RequestError } from "#/lib/errors.ts";
import type { PartFile, Recipe } from "./recipe.ts";

/** What pictures are made of, and what is shown of them. */
type Shown = Readonly<{ source: Recipe["source"]; controls: Recipe["controls"] | undefined }>;

/** The field that asks for it. */
const field = "black_out_nsfw";

const [file] = safetyNames;
const address = `https://huggingface.co/mashb1t/misc/resolve/main/${file}`;

/**
 * The file by which every picture of a request is checked; none where nobody asks for it.
 *
 * @param shown what pictures are made of
 * @param there the file's name, if it is there
 * @throws RequestError `missing-model` naming it, its folder, its size and where to get it; `invalid-value` where preparations are
 *   shown, which nobody checks
 */
export function chooseSafety(
  { black_out_nsfw: asked }: Pick<GenerateParams, typeof field>,
  { source, controls }: Shown,
  there: string | undefined,
): readonly (PartFile & Readonly<{ field: string }>)[] {
  if (!asked) return [];
  if (there === undefined) {
    const message = `The safety checker needs ${file} (1.2 GB), which is not in models/safety_checker. Get it from ${address}. Without it no picture is made as long as ${field} is on, by the request or by default_black_out_nsfw of this server.`;
    throw new RequestError("missing-model", message, { field, value: true, name: file });
  }
  const preparation = shownPreparation({ source, controls });
  if (preparation !== undefined) throw unchecked(preparation);
  return [{ kind: "safety_checker", name: there, field }];
}

/** The field by which pictures are shown as they were prepared. */
function shownPreparation({ source, controls }: Shown): string | undefined {
  if (source.kind === "inpaint" && source.show === "preparation") return "debugging_inpaint_preprocessor";
  return controls?.show === "preparation" ? "debugging_cn_preprocessor" : undefined;
}

function unchecked(shown: string): RequestError {
  const message = `${shown} shows what pictures are made with, which nobody checks: with ${field} there is none of that. Leave one of them out.`;
  return new RequestError("invalid-value", message, { field: shown, value: true });
}
