const conversion = "convert it to safetensors first, pickles are never opened";

/** What people have under a model's name that is no safetensors file, told by its first bytes. */
const magic: readonly (readonly [string, string])[] = [
  ["GGUF", "it is a GGUF file, which is not read; take the model as safetensors"],
  ["PK\x03\x04", `it is a zip archive, as PyTorch writes its pickles; ${conversion}`],
  ["\x80\x02", `it is a PyTorch pickle; ${conversion}`],
  ["\x80\x03", `it is a pickle; ${conversion}`],
  ["\x80\x04", `it is a pickle; ${conversion}`],
  ["\x80\x05", `it is a pickle; ${conversion}`],
  ["\x89HDF", "it is an HDF5 file (Keras), which is not read"],
  ["\x89PNG", "it is a picture"],
  ["\xff\xd8\xff", "it is a picture"],
  ["RIFF", "it is a picture or a sound"],
  ["\x1f\x8b", "it is a compressed archive; unpack it"],
  ["7z\xbc\xaf", "it is a compressed archive; unpack it"],
  ["Rar!", "it is a compressed archive; unpack it"],
  ["(\xb5/\xfd", "it is a compressed archive; unpack it"],
  ["\0\x05\x16\x07", "it is what macOS keeps beside a file, not the file"],
  ["version https://", "it is a Git LFS pointer; fetch the real file (git lfs pull)"],
];

/** Bytes that are looked at. */
export const containerBytes = 64;

/**
 * What a file is that is no safetensors file. Nothing of what it holds is repeated.
 *
 * @param start its first bytes, up to {@link containerBytes}
 * @returns a clause that begins with "it is"; undefined where it may be safetensors
 */
export function foreignContainer(start: Uint8Array): string | undefined {
  if (opensHeader(start)) return undefined;
  // Not a TextDecoder: its "latin1" is Windows' and changes the bytes from 128 to 159.
  const text = String.fromCharCode(...start);
  const known = magic.find(([bytes]) => text.startsWith(bytes));
  if (known !== undefined) return known[1];
  const readable = text.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (readable.startsWith("<")) return "it is a web page; the download went wrong";
  // The length of a header never reaches the fifth byte; letters do.
  if (start.length < 8 || !start.subarray(0, 8).every(isPrintable)) return undefined;
  if (readable.startsWith("{") || readable.startsWith("["))
    return "it is a JSON text (an index of a model in pieces, or a server's error message), not a model";
  return "it is a text, not a model; the download went wrong";
}

/** A length below 4 GiB and the brace behind it: the length may be any bytes, those of a web page's first letters too. */
const opensHeader = (start: Uint8Array): boolean =>
  start[8] === 0x7b && start.subarray(4, 8).every((byte) => byte === 0);

/** Tabs, line ends and whatever a UTF-8 text can have. */
const isPrintable = (byte: number): boolean =>
  byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte !== 127);

/** Whether these first bytes can begin a safetensors file: a length, then the brace that opens the header. */
export const isSafetensors = (start: Uint8Array): boolean =>
  start[8] === 0x7b && foreignContainer(start) === undefined;
