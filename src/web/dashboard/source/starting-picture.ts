import { fileOrientation } from "./file-orientation.ts";
import { type Turn, turnOf } from "./turned.ts";
import type { Size } from "./view.ts";

/** What is sent of a picture: its file's bytes, or its address on this server. */
export type SentPicture = Readonly<{ file: Blob } | { address: string }>;

/**
 * A picture to start from. It is sent as it is: the bytes of its file, or its address on this server. What is shown is
 * turned as the server turns it, so its size and places are those of the server.
 */
export type StartingPicture = Readonly<{
  name: string;
  width: number;
  height: number;
  /** What `<img>` shows. */
  shown: string;
  sent: SentPicture;
}>;

/**
 * A picture from a file's bytes.
 *
 * @param address where the server has it, if it does: then that is sent, not the bytes
 * @throws Error for what the browser cannot decode
 */
export async function readPicture(file: Blob, name: string, address?: string): Promise<StartingPicture> {
  const sent = address === undefined ? { file } : { address };
  const { orientation, upright } = fileOrientation(new Uint8Array(await file.arrayBuffer()));
  try {
    const stored = await createImageBitmap(new Blob([upright], { type: file.type }));
    const { width, height, matrix } = turnOf(orientation, stored);
    const shown = orientation === 1 ? file : await turned(stored, { width, height }, matrix);
    stored.close();
    return { name, width, height, shown: URL.createObjectURL(shown), sent };
  } catch {
    throw new Error(`${name} is no picture that this browser can show; PNG, JPEG and WebP are.`);
  }
}

async function turned(stored: ImageBitmap, { width, height }: Size, matrix: Turn["matrix"]): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context?.setTransform(...matrix);
  context?.drawImage(stored, 0, 0);
  return await canvas.convertToBlob();
}

/** A picture that was given up, to be shown again. @param fetchOwn gets one that the server has */
export async function shownAgain(
  { name, sent }: StartingPicture,
  fetchOwn: (address: string) => Promise<Blob>,
): Promise<StartingPicture> {
  if ("file" in sent) return await readPicture(sent.file, name);
  return await readPicture(await fetchOwn(sent.address), name, sent.address);
}

/** What is put into a request for a picture: its address, or its file as a data URI. */
export async function sentPicture(sent: SentPicture): Promise<string> {
  return "address" in sent ? sent.address : await dataUri(sent.file);
}

/** A file in a text, as requests carry pictures. */
export function dataUri(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(typeof reader.result === "string" ? reader.result : ""));
    reader.addEventListener("error", () => reject(new Error("The file could not be read.")));
    reader.readAsDataURL(file);
  });
}
