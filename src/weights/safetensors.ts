import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { ModelError } from "#/lib/errors.ts";
import { type DType, dtypeBytes, isDType, toFloat32 } from "./dtype.ts";
import { duplicateName } from "./header-json.ts";
import { stampOf } from "./stamp.ts";

/** One tensor of a file: where its bytes lie. The bytes themselves are never read here. */
export type WeightRef = Readonly<{
  /** Real path of the file, links followed. */
  path: string;
  /** Its name in the file. */
  key: string;
  dtype: DType;
  shape: readonly number[];
  /** Absolute position in the file, and length; both in bytes. */
  offset: number;
  length: number;
  /** Factor on every value, where the file keeps one beside 8-bit values; 1 when left out. */
  scale?: number;
}>;

/** A file's header. `stamp` changes when the file does. */
export type SafetensorsFile = Readonly<{
  path: string;
  size: number;
  stamp: string;
  tensors: ReadonlyMap<string, WeightRef>;
  metadata: ReadonlyMap<string, string>;
}>;

const maxHeader = 100_000_000;

/**
 * Reads and checks the header of a safetensors file; never its data, so a 7 GB file costs what its names cost.
 * Format: https://huggingface.co/docs/safetensors, section "Format".
 *
 * @throws ModelError `file-unreadable`, `header-invalid` or `dtype-unsupported`, naming the file and the tensor
 */
export function readSafetensors(path: string): SafetensorsFile {
  const { file, real, size, stamp } = open(path);
  try {
    const length = headerLength(path, file, size);
    const header = new Uint8Array(length);
    if (readSync(file, header, 0, length, 8) !== length)
      throw invalid(path, "its header could not be read whole");
    return { path: real, size, stamp, ...parseHeader({ path, real, size, start: 8 + length }, header) };
  } finally {
    closeSync(file);
  }
}

/** Reads one tensor's values into memory as float32: for small things (scalars, rows), never for whole networks. */
export function readWeight(ref: WeightRef): Float32Array {
  const file = openSync(ref.path, "r");
  try {
    const bytes = new Uint8Array(ref.length);
    if (readSync(file, bytes, 0, ref.length, ref.offset) !== ref.length) {
      throw invalid(ref.path, `the data of ${ref.key} ends early`);
    }
    return toFloat32(ref.dtype, bytes);
  } finally {
    closeSync(file);
  }
}

type Opened = Readonly<{ file: number; real: string; size: number; stamp: string }>;

function open(path: string): Opened {
  try {
    const real = realpathSync(path);
    const file = openSync(real, "r");
    const stats = fstatSync(file);
    return { file, real, size: stats.size, stamp: stampOf(stats) };
  } catch (cause) {
    throw new ModelError("file-unreadable", `${path} cannot be opened: ${reason(cause)}.`, { path }, cause);
  }
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function headerLength(path: string, file: number, size: number): number {
  const start = new Uint8Array(16);
  const got = readSync(file, start, 0, 16, 0);
  const known = foreignFile(start.subarray(0, got));
  if (known !== undefined) throw invalid(path, known);
  if (size < 10) throw invalid(path, `it has ${size} bytes, which is too short for a safetensors file`);
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length < 2n || length > BigInt(maxHeader)) {
    throw invalid(path, `its header claims ${length} bytes; a safetensors header has 2 to ${maxHeader}`);
  }
  if (8n + length > BigInt(size)) {
    throw invalid(
      path,
      `its header claims ${length} bytes, the whole file has ${size}: a broken download, perhaps`,
    );
  }
  return Number(length);
}

/** What people save by mistake under this name, told by the first bytes. */
function foreignFile(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder("latin1").decode(bytes);
  if (text.startsWith("PK\x03\x04") || text.startsWith("\x80\x02")) {
    return "it is a PyTorch pickle, not safetensors; convert it first, pickles are never opened";
  }
  if (text.startsWith("version https://"))
    return "it is a Git LFS pointer; fetch the real file (git lfs pull)";
  if (text.trimStart().startsWith("<")) return "it is a web page; the download went wrong";
  return undefined;
}

type Place = Readonly<{ path: string; real: string; size: number; start: number }>;
type Parsed = Pick<SafetensorsFile, "tensors" | "metadata">;

function parseHeader(place: Place, bytes: Uint8Array): Parsed {
  if (bytes[0] !== 0x7b) throw invalid(place.path, "its header does not begin with '{'");
  const { text, value } = parseJson(place.path, bytes);
  if (!isObject(value)) throw invalid(place.path, "its header is not a JSON object");
  const twice = duplicateName(text);
  if (twice !== undefined)
    throw invalid(place.path, `its header holds the name ${JSON.stringify(twice)} twice`);

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
  } catch (cause) {
    throw new ModelError("header-invalid", `${path}: its header is not JSON in UTF-8.`, { path }, cause);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseMetadata(path: string, entry: unknown): ReadonlyMap<string, string> {
  if (!isObject(entry)) throw invalid(path, "__metadata__ is not an object");
  const pairs = Object.entries(entry).map(([name, value]): [string, string] => {
    if (typeof value !== "string") throw invalid(path, `__metadata__.${name} is not a text`);
    return [name, value];
  });
  return new Map(pairs);
}

function parseTensor(place: Place, key: string, entry: unknown): WeightRef {
  const bad = (what: string): ModelError =>
    invalid(place.path, `tensor ${JSON.stringify(key)}: ${what}`, key);
  if (!isObject(entry)) throw bad("its entry is not an object");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string") throw bad("it has no dtype");
  if (!isDType(dtype)) {
    const message = `${place.path}: tensor ${JSON.stringify(key)} has type ${dtype.slice(0, 40)}, which is not supported.`;
    throw new ModelError("dtype-unsupported", message, { path: place.path, key });
  }
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
      throw invalid(place.path, `tensor ${JSON.stringify(key)} ${what}`, key);
    }
    end = offset + length;
  }
  if (end > place.size) {
    throw invalid(
      place.path,
      `it has ${place.size} bytes but should have ${end}: a broken download, perhaps`,
    );
  }
  if (end < place.size) throw invalid(place.path, `it has ${place.size} bytes but its tensors end at ${end}`);
}

const invalid = (path: string, what: string, key?: string): ModelError =>
  new ModelError("header-invalid", `${path}: ${what}.`, key === undefined ? { path } : { path, key });
