import type { GenerateParams } from "#/api/generate.ts";
import type { EmbeddedText } from "#/image/encode.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import { writeA1111 } from "#/stores/metadata/a1111.ts";
import { writeFooocus } from "#/stores/metadata/fooocus.ts";
import { imageMetadata, type MetadataOptions } from "./image-metadata.ts";

/** The text that goes into image number `image` of a task, in the scheme the request asks for. */
export async function embeddedText(
  params: GenerateParams,
  resolved: Resolved,
  image: number,
  options: MetadataOptions,
): Promise<EmbeddedText> {
  const metadata = await imageMetadata(params, resolved, image, options);
  const scheme = params.metadata_scheme;
  return { scheme, parameters: scheme === "a1111" ? writeA1111(metadata) : writeFooocus(metadata) };
}
