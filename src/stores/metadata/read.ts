import { readEmbeddedText } from "#/image/read-embedded-text.ts";
import { readA1111 } from "./a1111.ts";
import { factsOf } from "./facts.ts";
import { readFooocus } from "./fooocus.ts";
import type { MetadataScheme, ReadMetadata } from "./metadata.ts";

/**
 * What a picture says of its making, whichever program wrote it.
 *
 * @param bytes PNG, JPEG or WebP
 * @returns undefined if it says nothing that can be read, or in words of another program
 * @throws RequestError `bad-image` naming the field
 */
export async function readMetadata(bytes: Uint8Array, field = "image"): Promise<ReadMetadata | undefined> {
  const { parameters } = await readEmbeddedText(bytes, field);
  if (parameters === undefined) return undefined;
  // The scheme is told by the text itself: other programs write no scheme beside it.
  const fooocus = readFooocus(parameters);
  const read = (scheme: MetadataScheme, values: ReadMetadata["values"]): ReadMetadata => ({
    scheme,
    text: parameters,
    values,
    facts: factsOf(scheme, values),
  });
  if (fooocus !== undefined) return isFooocus(fooocus) ? read("fooocus", fooocus) : undefined;
  const a1111 = readA1111(parameters);
  return a1111 === undefined ? undefined : read("a1111", a1111);
}

/** Other programs keep JSON under the same name: a workflow, or their own settings in their own words. */
function isFooocus(values: ReadMetadata["values"]): boolean {
  if (values["metadata_scheme"] === "fooocus") return true;
  const own = ["base_model", "performance", "styles", "resolution", "guidance_scale", "sharpness", "seed"];
  return typeof values["prompt"] === "string" && own.filter((key) => Object.hasOwn(values, key)).length >= 2;
}
