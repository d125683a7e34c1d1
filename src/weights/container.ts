/** What people have under a model's name that is no weight file, told by its first bytes. */
const magic: readonly (readonly [string, string])[] = [
  ["GGUF", "it is a GGUF file, which is not read; take the model as safetensors"],
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

/** Bytes that are looked at: up to the mark of a tar archive, which stands behind its first file's name. */
export const containerBytes = 264;

/** A format of weight files, or what a file is that is none: a clause that begins with "it is". */
export type Container =
  | Readonly<{ kind: "safetensors" }>
  | Readonly<{ kind: "torch-zip" | "torch-legacy"; title: string }>
  | Readonly<{ kind: "foreign"; what: string }>;

/**
 * What a file is by its first bytes. Nothing of what it holds is repeated.
 *
 * @param start its first bytes, up to {@link containerBytes}
 */
export function containerOf(start: Uint8Array): Container {
  if (opensHeader(start)) return { kind: "safetensors" };
  // Not a TextDecoder: its "latin1" is Windows' and changes the bytes from 128 to 159.
  const text = String.fromCharCode(...start);
  const known = magic.find(([bytes]) => text.startsWith(bytes));
  if (known !== undefined) return foreign(known[1]);
  if (text.startsWith("PK\x03\x04")) return zipOf(start, text);
  if (torchMagic.test(text)) return { kind: "torch-legacy", title: "pickle, as PyTorch used to write them" };
  if (/^\x80[\x02-\x05]/.test(text))
    return foreign("it is a pickle, and not one of PyTorch's; convert it to safetensors");
  if (text.startsWith("ustar", 257))
    return foreign(
      "it is a tar archive, as PyTorch wrote them before 2017, or a packed folder; convert it to safetensors",
    );
  const readable = text.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (readable.startsWith("<")) return foreign("it is a web page; the download went wrong");
  // The length of a header never reaches the fifth byte; letters do.
  if (start.length < 8 || !start.subarray(0, 8).every(isPrintable)) return { kind: "safetensors" };
  if (readable.startsWith("{") || readable.startsWith("["))
    return foreign(
      "it is a JSON text (an index of a model in pieces, or a server's error message), not a model",
    );
  return foreign("it is a text, not a model; the download went wrong");
}

/** What PyTorch's files before 1.6 begin with: a pickle of 0x1950a86a20f9469cfc6c, in a frame from protocol 4 on. */
const torchMagic = /^\x80[\x02-\x05](\x95[\s\S]{8})?\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\./;

/** PyTorch's archives have everything in one folder; its first member's name stands behind 30 bytes. */
function zipOf(start: Uint8Array, text: string): Container {
  const length = (start[26] ?? 0) + 256 * (start[27] ?? 0);
  if (text.slice(30, 30 + length).includes("/"))
    return { kind: "torch-zip", title: "zip archive, as PyTorch writes them" };
  return foreign("it is a zip archive, and not one of PyTorch's");
}

const foreign = (what: string): Container => ({ kind: "foreign", what });

/** A length below 4 GiB and the brace behind it: the length may be any bytes, those of a web page's first letters too. */
const opensHeader = (start: Uint8Array): boolean =>
  start[8] === 0x7b && start.subarray(4, 8).every((byte) => byte === 0);

/** Tabs, line ends and whatever a UTF-8 text can have. */
const isPrintable = (byte: number): boolean =>
  byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte !== 127);

/** Whether these first bytes can begin a weight file: a torch file, or a header's length and the brace that opens it. */
export function isWeightFile(start: Uint8Array): boolean {
  const { kind } = containerOf(start);
  return kind === "safetensors" ? start[8] === 0x7b : kind !== "foreign";
}
