import { withPicture } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { encodeMask } from "#/image/encode-mask.ts";
import { transparencyMask } from "#/image/transparency-mask.ts";
import { dataUri } from "#/lib/data-uri.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Tools } from "#/tasks/intake/tools.ts";
import type { EditPictures } from "./api/edit-pictures.ts";

type Parts = Readonly<{ tools: Pick<Tools, "imageOf">; decoding?: DecodeGate }>;

/** Pictures of an edit as the pipeline takes them, and what must be told of them. */
export type EditInputs = Readonly<{ pictures: EditPictures; warnings: readonly string[] }>;

/**
 * Pictures of an edit with the mask as the pipeline knows it: white where OpenAI's is transparent. A picture that is
 * transparent itself and has no mask is told of: OpenAI's first model for edits took that for the mask.
 *
 * @throws RequestError naming `image` or `mask`: for what is no picture, a mask of another size than the picture, and one of
 *   which nothing is transparent
 */
export async function editInputs({ images, mask: sent }: EditPictures, parts: Parts): Promise<EditInputs> {
  const { tools, decoding = new DecodeGate() } = parts;
  const image = await tools.imageOf(images[0]);
  const { size, hasHole } = await withPicture(image, "image", decoding, async (picture) => ({
    size: { width: picture.width, height: picture.height },
    hasHole: sent === undefined && (await transparencyMask(picture)) !== undefined,
  }));
  // The picture was fetched already, and what is at its address may be another one by now.
  const pictures = { images: [dataUri("image", image), ...images.slice(1)] } as const;
  if (sent === undefined) return { pictures, warnings: hasHole ? [ownTransparency] : [] };
  const png = await withPicture(await maskBytes(sent, tools), "mask", decoding, async (picture) => {
    if (picture.width !== size.width || picture.height !== size.height)
      throw refused(
        `mask is ${picture.width}x${picture.height} pixels and image ${size.width}x${size.height}: both must be of one size.`,
      );
    const mask = await transparencyMask(picture);
    if (mask === undefined)
      throw refused("Nothing of mask is transparent: its transparent pixels are what is painted anew.");
    return await encodeMask(mask, 1);
  });
  return { pictures: { ...pictures, mask: dataUri("image/png", png) }, warnings: [] };
}

const ownTransparency =
  "What is transparent in image was laid over white, and all of the picture is drawn again: only mask says what alone is " +
  "painted anew. The same file sent as mask too does that.";

/** The tools speak of what they are asked for as `image`. */
async function maskBytes(mask: string, tools: Parts["tools"]): Promise<Uint8Array> {
  try {
    return await tools.imageOf(mask);
  } catch (thrown) {
    if (!(thrown instanceof RequestError)) throw thrown;
    const message = thrown.message.replaceAll(/\bin image\b/g, "in mask");
    throw new RequestError(thrown.code, message, { ...thrown.details, field: "mask" }, thrown);
  }
}

const refused = (message: string): RequestError => new RequestError("bad-image", message, { field: "mask" });
