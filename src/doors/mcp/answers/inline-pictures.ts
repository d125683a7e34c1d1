import { convertImage } from "#/image/encode.ts";
import type { DoorParts } from "#/routes/door.ts";
import { keptImageOf, resultPath } from "#/stores/images.ts";
import type { InlineMode } from "../names.ts";
import { type Job, mimeTypeOf } from "./job.ts";

/** A picture in an answer: bare base64. */
export type InlinePicture = Readonly<{ data: string; mimeType: string }>;

/** Pictures that are in an answer, and a sentence where one of them is not the file itself. */
export type InlinePictures = Readonly<{ pictures: readonly InlinePicture[]; note: string | undefined }>;

type Parts = Pick<DoorParts, "images" | "decoding">;

/** Characters of base64 that `auto` leaves to all pictures together: hosts refuse results of more than 1 MiB. */
const mostCharacters = 900_000;

/**
 * The pictures of a job in an answer. In mode `auto` each may take its share of what hosts let through: the file as it is, else
 * the same picture as a JPEG, else a small version, else nothing; what is not the file is told.
 */
export async function inlinePictures(
  { pictures }: Pick<Job, "pictures">,
  mode: InlineMode,
  parts: Parts,
): Promise<InlinePictures> {
  if (mode === "none") return { pictures: [], note: undefined };
  const share = mode === "original" ? Number.POSITIVE_INFINITY : mostCharacters / pictures.length;
  const shown: InlinePicture[] = [];
  const notes: string[] = [];
  for (const [index, { uri }] of pictures.entries()) {
    const { picture, as } = await fitting(uri, share, parts);
    if (picture !== undefined) shown.push(picture);
    if (as !== undefined) notes.push(`picture ${index + 1} ${as}`);
  }
  const note = notes.length === 0 ? undefined : `Here ${notes.join(", ")}; the files are at their links.`;
  return { pictures: shown, note };
}

type Fitting = Readonly<{ picture?: InlinePicture; as?: string }>;

async function fitting(uri: string, most: number, { images, decoding }: Parts): Promise<Fitting> {
  const path = await resultPath(uri, images);
  if (path === undefined) return { as: "is missing, since its file was deleted" };
  const bytes = await Bun.file(path).bytes();
  if (charactersOf(bytes) <= most) return { picture: inline(bytes, mimeTypeOf(path)) };
  const jpeg = await convertImage(bytes, "jpeg", decoding);
  if (charactersOf(jpeg) <= most) return { picture: inline(jpeg, "image/jpeg"), as: "is a JPEG copy" };
  const kept = keptImageOf(uri);
  const small = kept && (await images.thumbnail(kept, new AbortController().signal));
  if (small !== undefined && charactersOf(small) <= most)
    return { picture: inline(small, "image/webp"), as: "is a small copy" };
  return { as: "is left out, being too large" };
}

const charactersOf = ({ length }: Uint8Array): number => Math.ceil(length / 3) * 4;

const inline = (bytes: Uint8Array, mimeType: string): InlinePicture => ({
  data: Buffer.from(bytes).toString("base64"),
  mimeType,
});
