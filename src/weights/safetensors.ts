import { containerBytes, containerOf } from "./container.ts";
import { dtypeBytes, isDType } from "./dtype.ts";
import { duplicateName } from "./header-json.ts";
import {
  invalidFile,
  type ModelFile,
  quoted,
  readAt,
  tooShort,
  unsupportedType,
  withModelFile,
} from "./model-file.ts";
import type { WeightFile, WeightRef } from "./weight-file.ts";

const maxHeader = 100_000_000;

/**
 * Reads and checks the header of a safetensors file; never its data, so a 7 GB file costs what its names cost.
 * Format: https://huggingface.co/docs/safetensors, section "Format". For a file of any format: {@link openWeights}.
 *
 * @throws ModelError `file-unreadable`, `header-invalid` or `dtype-unsupported`, naming the file and the tensor
 */
export const readSafetensors = (path: string): WeightFile => withModelFile(path, safetensorsOf);

/** {@link readSafetensors} on a file that is open already. */
export function safetensorsOf(file: ModelFile): WeightFile {
  const { path, real, size, stamp } = file;
  const length = headerLength(file);
  const header = readAt(file, 8, length);
  if (header.length !== length) throw invalidFile(path, "its header could not be read whole");
  return { path: real, size, stamp, ...parseHeader({ path, real, size, start: 8 + length }, header) };
}

function headerLength(file: ModelFile): number {
  const { path, size } = file;
  const start = readAt(file, 0, containerBytes);
  const container = containerOf(start);
  if (container.kind === "foreign") throw invalidFile(path, container.what);
  if (container.kind !== "safetensors")
    throw invalidFile(path, `it is a ${container.title}, no safetensors file`);
  if (size < 10) throw invalidFile(path, `it has ${size} bytes, which is too short for a safetensors file`);
  if (start.every((byte) => byte === 0))
    throw invalidFile(path, "it begins with zeros: an unfinished download; get it again");
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length < 2n || length > BigInt(maxHeader))
    throw invalidFile(path, "it does not begin like a safetensors file, with the length of a header");
  if (8n + length > BigInt(size)) {
    throw invalidFile(
      path,
      `its header should have ${length} bytes, the whole file has ${size}: ${tooShort}`,
    );
  }
  return Number(length);
}

type Place = Readonly<{ path: string; real: string; size: number; start: number }>;
type Parsed = Pick<WeightFile, "tensors" | "metadata">;

function parseHeader(place: Place, bytes: Uint8Array): Parsed {
  if (bytes[0] !== 0x7b) throw invalidFile(place.path, "its header does not begin with '{'");
  const { text, value } = parseJson(place.path, bytes);
  if (!isObject(value)) throw invalidFile(place.path, "its header is not a JSON object");
  const twice = duplicateName(text);
  if (twice !== undefined) throw invalidFile(place.path, `its header holds the name ${quoted(twice)} twice`);

  const tensors = new Map<string, WeightRef>();
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [key, entry] of Object.entries(value)) {
    if (key === "__metadata__") metadata = parseMetadata(place.path, entry);
    else tensors.set(key, parseTensor(place, key, entry));
  }
  checkCoverage(place, [...tensors.values()]);
  return { tensors, metadata };
}

function parseJson(path: string, bytes: Uint8Array): { text: string; value: unknown } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch {
    // The parser's own sentence would quote the file.
    throw invalidFile(path, "its header is not JSON in UTF-8");
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseMetadata(path: string, entry: unknown): ReadonlyMap<string, string> {
  if (!isObject(entry)) throw invalidFile(path, "__metadata__ is not an object");
  const pairs = Object.entries(entry).map(([name, value]): [string, string] => {
    if (typeof value !== "string") throw invalidFile(path, `__metadata__.${name} is not a text`);
    return [name, value];
  });
  return new Map(pairs);
}

function parseTensor(place: Place, key: string, entry: unknown): WeightRef {
  const bad = (what: string): Error => invalidFile(place.path, `tensor ${quoted(key)}: ${what}`, key);
  if (!isObject(entry)) throw bad("its entry is not an object");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string") throw bad("it has no dtype");
  if (!isDType(dtype)) throw unsupportedType(place.path, key, dtype);
  if (!isDimensions(shape) || shape.length > 8)
    throw bad("its shape is not a list of at most 8 whole numbers");
  if (!isDimensions(offsets) || offsets.length !== 2) throw bad("its data_offsets are not two whole numbers");
  const bytes = shape.reduce((product, n) => product * n, dtypeBytes[dtype]);
  const [begin = 0, end = 0] = offsets;
  if (!Number.isSafeInteger(bytes)) throw bad("its shape is too large");
  if (end - begin !== bytes) {
    throw bad(
      `shape [${shape.join(", ")}] of ${dtype} takes ${bytes} bytes, its offsets give ${end - begin}`,
    );
  }
  return { path: place.real, key, dtype, shape, offset: place.start + begin, length: bytes };
}

const isDimensions = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

/** Data must be covered exactly: no hole, no overlap, nothing after the last tensor. */
function checkCoverage(place: Place, tensors: WeightRef[]): void {
  tensors.sort((a, b) => a.offset - b.offset || a.length - b.length);
  let end = place.start;
  for (const { key, offset, length } of tensors) {
    if (offset !== end) {
      const what = offset < end ? "overlaps the tensor before it" : "leaves a hole before it";
      throw invalidFile(place.path, `tensor ${quoted(key)} ${what}`, key);
    }
    end = offset + length;
  }
  if (end > place.size) {
    throw invalidFile(place.path, `it has ${place.size} bytes but should have ${end}: ${tooShort}`);
  }
  if (end < place.size)
    throw invalidFile(place.path, `it has ${place.size} bytes but its tensors end at ${end}`);
}
