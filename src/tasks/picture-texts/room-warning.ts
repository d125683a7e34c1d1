import type { GenerateParams } from "#/api/generate.ts";
import { formatNames, hasRoomFor } from "#/image/encode.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import { embeddedText } from "./embedded-text.ts";
import type { MetadataOptions } from "./image-metadata.ts";

/** As long as a hash, so that a text's length is known without reading a checkpoint for it. */
const anyHash = { of: async () => "0".repeat(64) };

/**
 * What to say where pictures have no room for the text about their making, which is left out then.
 *
 * @returns undefined if every picture of the task has room, or none is to have a text
 */
export async function roomWarning(
  params: GenerateParams,
  resolved: Resolved,
  options: Omit<MetadataOptions, "hashes">,
): Promise<string | undefined> {
  const format = formatNames[params.output_format];
  if (format !== "jpeg" || !params.save_metadata_to_images) return undefined;
  for (const image of resolved.recipe.images.keys()) {
    const text = await embeddedText(params, resolved, image, { ...options, hashes: anyHash });
    if (hasRoomFor(format, text)) continue;
    return `The text about its making does not fit into a ${format.toUpperCase()} and is left out; output_format png or webp has room for it.`;
  }
  return undefined;
}
