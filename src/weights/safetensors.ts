import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { containerBytes, foreignContainer } from "./container.ts";
import { type DType, dtypeBytes, isDType, toFloat32 } from "./dtype.ts";
import { duplicateName } from "./header-json.ts";
import { shownName } from "./shown-name.ts";
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

/**
 * Reads one tensor's values into memory as float32, times its scale if it has one: for small things (scalars, rows), never
 * for whole networks.
 */
export function readWeight(ref: WeightRef): Float32Array {
  const { path, dtype, key, length, offset, scale } = ref;
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(length);
    if (readSync(file, bytes, 0, length, offset) !== length)
      throw invalid(path, `the data of ${named(key)} ends early`);
    const values = toFloat32(dtype, bytes);
    return scale === undefined ? values : values.map((value) => value * scale);
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
    if (!stats.isFile()) {
      closeSync(file);
      throw invalid(path, "it is no file");
    }
    return { file, real, size: stats.size, stamp: stampOf(stats) };
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw new ModelError(
      "file-unreadable",
      `${basename(path)} cannot be opened (${reasonOf(cause)}).`,
      { path },
      cause,
    );
  }
}

/** The system's name for what went wrong; its sentence would repeat the path. */
export const reasonOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : String(cause);

function headerLength(path: string, file: number, size: number): number {
  const start = new Uint8Array(containerBytes);
  const got = readSync(file, start, 0, containerBytes, 0);
  const foreign = foreignContainer(start.subarray(0, got));
  if (foreign !== undefined) throw invalid(path, foreign);
  if (size < 10) throw invalid(path, `it has ${size} bytes, which is too short for a safetensors file`);
  if (start.every((byte) => byte === 0))
    throw invalid(path, "it begins with zeros: an unfinished download; get it again");
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length < 2n || length > BigInt(maxHeader))
    throw invalid(path, "it does not begin like a safetensors file, with the length of a header");
  if (8n + length > BigInt(size)) {
    throw invalid(
      path,
      `its header should have ${length} bytes, the whole file has ${size}: a broken download, perhaps`,
    );
  }
  return Number(length);
}

type Place = Readonly<{ path: string; real: string; size: number; start: number }>;
type Parsed = Pick<SafetensorsFile, "tensors" | "metadata">;

function parseHeader(place: Place, bytes: Uint8Array): Parsed {
  if (bytes[0] !== 0x7b) throw invalid(place.path, "its header does not begin with '{'");
  const { text, value } = parseJson(place.path, bytes);
  if (!isObject(value)) throw invalid(place.path, "its header is not a JSON object");
  const twice = duplicateName(text);
  if (twice !== undefined) throw invalid(place.path, `its header holds the name ${named(twice)} twice`);

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
    throw invalid(path, "its header is not JSON in UTF-8");
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
  const bad = (what: string): ModelError => invalid(place.path, `tensor ${named(key)}: ${what}`, key);
  if (!isObject(entry)) throw bad("its entry is not an object");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string") throw bad("it has no dtype");
  if (!isDType(dtype)) {
    const type = /^\w{1,20}$/.test(dtype) ? dtype : "an unknown type";
    const message = `${basename(place.path)}: tensor ${named(key)} is stored as ${type}, which is not supported; take a version in F16, BF16 or F8.`;
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
      throw invalid(place.path, `tensor ${named(key)} ${what}`, key);
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

/** A name of a header in a message. */
const named = (key: string): string => JSON.stringify(shownName(key));

const invalid = (path: string, what: string, key?: string): ModelError =>
  new ModelError(
    "header-invalid",
    `${basename(path)}: ${what}.`,
    key === undefined ? { path } : { path, key },
  );
