import { RequestError } from "#/lib/errors.ts";

/**
 * The bytes of base64 as clients write it: bare, or behind `data:<anything>;base64,`; with or without padding; with line
 * breaks and blanks; in the letters of URLs or in the others.
 *
 * @throws RequestError `bad-image` naming the field and what is wrong, `too-large`
 */
export function bytesOfBase64(text: string, field: string, maxBytes: number): Uint8Array {
  const letters = withoutHead(text, field).replaceAll(/\s+/g, "").replace(/=+$/, "");
  if (letters.length > (maxBytes * 4) / 3) {
    const message = `The image in ${field} is larger than ${maxBytes} bytes.`;
    throw new RequestError("too-large", message, { field });
  }
  const odd = letters.search(/[^A-Za-z0-9+/_-]/);
  if (odd >= 0) {
    // A letter of two halves is shown whole.
    const letter = String.fromCodePoint(letters.codePointAt(odd) ?? 0);
    throw noImage(
      field,
      `it is no URL and no base64: character ${odd + 1} is ${JSON.stringify(letter)}, which base64 does not have`,
    );
  }
  if (letters.length % 4 === 1) throw noImage(field, "its base64 is cut off: the last letter stands alone");
  return Buffer.from(letters, "base64");
}

function withoutHead(text: string, field: string): string {
  if (!/^data:/i.test(text)) return text;
  const comma = text.indexOf(",");
  if (comma < 0) throw noImage(field, "it is a data URI without a comma");
  if (/;\s*base64\s*$/i.test(text.slice(0, comma))) return text.slice(comma + 1);
  throw noImage(field, "it is a data URI that does not say ;base64");
}

const noImage = (field: string, why: string): RequestError =>
  new RequestError(
    "bad-image",
    `${field} is not an image that can be read: ${why}. It takes a picture as a URL, base64 or a data URI, or the name of an earlier input.`,
    { field },
  );
