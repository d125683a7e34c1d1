import { basename, dirname, join, normalize } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { containerBytes, containerOf } from "../container.ts";
import { invalidFile, type ModelFile, readAt, withModelFile } from "../model-file.ts";
import { shownName } from "../shown-name.ts";
import type { FileStamp } from "../stamp.ts";
import { type Field, NoMessage, ProtobufReader } from "./protobuf-reader.ts";
import { type OnnxPort, portIn } from "./read-port.ts";

/** An ONNX file as whoever made it left it: what it takes and gives, and what belongs to it. */
export type OnnxFile = Readonly<{
  /** Real path. */
  path: string;
  /** The file, and those beside it that hold weights of it. */
  files: readonly FileStamp[];
  /** Of all of them. */
  bytes: number;
  /** What must be given: weights that are listed as inputs too are none. */
  inputs: readonly OnnxPort[];
  outputs: readonly OnnxPort[];
}>;

/**
 * Reads what an ONNX file says of itself (onnx.proto), without its weights.
 *
 * @throws ModelError `file-unreadable`, or `header-invalid` if it is none, is cut off, or lacks a file beside it
 */
export const readOnnx = (path: string): OnnxFile =>
  withModelFile(path, (file) => {
    refuseOthers(file);
    try {
      return read(file);
    } catch (thrown) {
      if (!(thrown instanceof NoMessage)) throw thrown;
      throw invalidFile(path, `it is no ONNX file, or a damaged one: ${thrown.message}. Get it again`);
    }
  });

/** What is another kind of file by its first bytes. */
function refuseOthers(file: ModelFile): void {
  const start = readAt(file, 0, containerBytes);
  if (start.length === 0) throw invalidFile(file.path, "it is empty; an ONNX file is wanted");
  const container = containerOf(start);
  if (container.kind === "foreign") throw invalidFile(file.path, `${container.what}; an ONNX file is wanted`);
  const isSafetensors = container.kind === "safetensors" && start[8] === 0x7b && start[0] !== 0x08;
  if (container.kind === "safetensors" && !isSafetensors) return;
  const kind = container.kind === "safetensors" ? "a safetensors file" : "a PyTorch file";
  throw invalidFile(file.path, `it is ${kind}; an ONNX file is wanted`);
}

/** Places of fields in ModelProto, GraphProto, TensorProto and StringStringEntryProto. */
const [graphField, operatorsField] = [7, 8];
const [initializerField, inputField, outputField] = [5, 11, 12];
const [nameField, externalField] = [8, 13];
const [keyField, valueField] = [1, 2];

function read(file: ModelFile): OnnxFile {
  const reader = new ProtobufReader(file);
  const graph = last(reader.fields(0, file.size), graphField);
  if (graph === undefined) throw new NoMessage("it holds no network");
  // Every file has it, mostly as its last field: a download may break off just before.
  if (last(reader.fields(0, file.size), operatorsField) === undefined)
    throw new NoMessage("it does not say which operators it is written with");
  const listed: OnnxPort[] = [];
  const outputs: OnnxPort[] = [];
  const weights = new Set<string>();
  const locations = new Set<string>();
  for (const field of reader.fields(graph.start, graph.end)) {
    if (!("start" in field)) continue;
    if (field.number === inputField) listed.push(portIn(reader, field));
    else if (field.number === outputField) outputs.push(portIn(reader, field));
    else if (field.number === initializerField) readWeight(reader, field, { weights, locations });
  }
  const beside = [...locations].map((location) => fileBeside(file, location));
  const files = [{ path: file.real, stamp: file.stamp, size: file.size }, ...beside];
  return {
    path: file.real,
    files: files.map(({ path, stamp }) => ({ path, stamp })),
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    inputs: listed.filter(({ name }) => !weights.has(name)),
    outputs,
  };
}

type Content = Extract<Field, { start: number }>;

/** The field of a number that holds bytes; the last one counts where there are several. */
function last(fields: Iterable<Field>, number: number): Content | undefined {
  let found: Content | undefined;
  for (const field of fields) if (field.number === number && "start" in field) found = field;
  return found;
}

const textIn = (reader: ProtobufReader, { start, end }: Content): string =>
  new TextDecoder().decode(reader.bytes(start, end));

/** Keeps a weight's name, and the file that it lies in where that is another one. */
function readWeight(
  reader: ProtobufReader,
  { start, end }: Content,
  found: Readonly<{ weights: Set<string>; locations: Set<string> }>,
): void {
  for (const field of reader.fields(start, end)) {
    if (!("start" in field)) continue;
    if (field.number === nameField) found.weights.add(textIn(reader, field));
    if (field.number !== externalField) continue;
    const key = last(reader.fields(field.start, field.end), keyField);
    const value = last(reader.fields(field.start, field.end), valueField);
    if (key !== undefined && value !== undefined && textIn(reader, key) === "location")
      found.locations.add(textIn(reader, value));
  }
}

/** A file that belongs to another one: ONNX Runtime looks for it from that one's folder, and not above it. */
function fileBeside({ path, real }: ModelFile, location: string): FileStamp & Readonly<{ size: number }> {
  const relative = normalize(location);
  const isBelow = !relative.startsWith("..") && !relative.startsWith("/");
  try {
    if (!isBelow) throw new NoMessage("its weights lie outside its folder");
    return withModelFile(join(dirname(real), relative), (file) => ({
      path: file.real,
      stamp: file.stamp,
      size: file.size,
    }));
  } catch (cause) {
    if (!(cause instanceof ModelError)) throw cause;
    const name = shownName(location);
    const message = `${basename(path)} has weights in ${name}, which is not beside it. Put that file into the same folder.`;
    throw new ModelError("file-unreadable", message, { path }, cause);
  }
}
