import { Claims } from "./claims.ts";
import { claimsOfBmp } from "./kinds/bmp.ts";
import { claimsOfGif } from "./kinds/gif.ts";
import { claimsOfHeif } from "./kinds/heif.ts";
import { claimsOfJpeg } from "./kinds/jpeg.ts";
import { claimsOfPng } from "./kinds/png.ts";
import { claimsOfTiff } from "./kinds/tiff.ts";
import { claimsOfWebp } from "./kinds/webp.ts";

type Kind = Readonly<{ begins: RegExp; walk: (file: Buffer, claims: Claims) => void }>;

/** Kinds that are taken from others, by their first bytes. SVG is a program, and may ask for files. */
const kinds: readonly Kind[] = [
  { begins: /^\x89PNG\r\n\x1a\n/, walk: claimsOfPng },
  { begins: /^\xff\xd8\xff/, walk: claimsOfJpeg },
  { begins: /^RIFF[^]{4}WEBP/, walk: claimsOfWebp },
  { begins: /^GIF8[79]a/, walk: claimsOfGif },
  { begins: /^(?:II[*+]\0|MM\0[*+])/, walk: claimsOfTiff },
  { begins: /^[^]{4}ftyp/, walk: claimsOfHeif },
  { begins: /^BM/, walk: claimsOfBmp },
];

/**
 * What a picture claims to be, read from its frame alone: no decoder has seen it. What is damaged is read as far as it
 * goes, and left to the decoder to refuse.
 *
 * @returns the pixels of the largest picture in it, and how many it says there are (0: it does not); undefined for what begins like none that is taken
 * @throws ExcessiveClaim
 */
export function inspectPicture(bytes: Uint8Array): Readonly<{ pixels: number; frames: number }> | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = file.toString("latin1", 0, 16);
  const kind = kinds.find(({ begins }) => begins.test(start));
  if (kind === undefined) return undefined;
  const claims = new Claims();
  kind.walk(file, claims);
  return { pixels: claims.pixels, frames: claims.frames };
}
