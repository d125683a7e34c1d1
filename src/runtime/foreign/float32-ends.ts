import { Message } from "#/graph/protobuf.ts";
import { invalidFile, withModelFile } from "#/weights/model-file.ts";
import { type Field, NoMessage, ProtobufReader } from "#/weights/onnx/protobuf-reader.ts";
import type { OnnxFile } from "#/weights/onnx/read-onnx.ts";
import { type OnnxPort, portIn } from "#/weights/onnx/read-port.ts";

/** What an end is called in a session: halves are told and asked in float32. */
export const endName = ({ name, type }: OnnxPort): string => (type === "float16" ? float32Name(name) : name);

const float32Name = (name: string): string => `${name}:float32`;

/** Whether a network takes or gives halves, which cannot be handed to a session from Bun. */
export const hasHalfEnds = ({ inputs, outputs }: Pick<OnnxFile, "inputs" | "outputs">): boolean =>
  [...inputs, ...outputs].some(({ type }) => type === "float16");

const graphField = 7;
const [nodeField, inputField, outputField] = [1, 11, 12];
const [float32, float16] = [1, 10];

/**
 * An ONNX file whose ends of float16 are of float32, with a cast behind each input and before each output; those have the names
 * of {@link endName}. Everything else is as the file has it, byte for byte.
 *
 * @returns the bytes of a `ModelProto`; weights in other files are still where they lie
 * @throws ModelError as the reading of the file
 */
export const float32Ends = ({ path, inputs }: Pick<OnnxFile, "path" | "inputs">): Uint8Array =>
  withModelFile(path, (file) => {
    try {
      const reader = new ProtobufReader(file);
      const halves = new Set(inputs.filter(({ type }) => type === "float16").map(({ name }) => name));
      const model: Uint8Array[] = [];
      for (const field of reader.fields(0, file.size)) {
        if (field.number === graphField && "start" in field) {
          const graph = graphWith(reader, field, halves);
          model.push(lengthOf(graphField, graph), ...graph);
        } else model.push(reader.bytes(field.at, field.next).slice());
      }
      return joined(model);
    } catch (thrown) {
      if (thrown instanceof NoMessage) throw invalidFile(path, thrown.message);
      throw thrown;
    }
  });

type Content = Extract<Field, { start: number }>;

/** @param halves names of inputs: weights may be listed as inputs too, and stay as they are */
function graphWith(
  reader: ProtobufReader,
  { start, end }: Content,
  halves: ReadonlySet<string>,
): Uint8Array[] {
  const [before, kept, after]: [Message, Uint8Array[], Message] = [new Message(), [], new Message()];
  for (const field of reader.fields(start, end)) {
    const isEnd = field.number === inputField || field.number === outputField;
    const port = isEnd && "start" in field ? portIn(reader, field) : undefined;
    const isHalf = port?.type === "float16" && (field.number === outputField || halves.has(port.name));
    if (port === undefined || !isHalf) {
      kept.push(reader.bytes(field.at, field.next).slice());
      continue;
    }
    const { name, dims } = port;
    const told = portOf(float32Name(name), dims);
    if (field.number === inputField)
      before.message(nodeField, castOf(float32Name(name), name, float16)).message(inputField, told);
    else after.message(nodeField, castOf(name, float32Name(name), float32)).message(outputField, told);
  }
  return [before.bytes, ...kept, after.bytes];
}

/** A NodeProto. */
const castOf = (from: string, to: string, type: number): Message =>
  new Message()
    .text(1, from)
    .text(2, to)
    .text(3, to)
    .text(4, "Cast")
    .message(5, new Message().text(1, "to").int(3, type).int(20, 2));

/** A ValueInfoProto; an axis of any length has neither a number nor a name. */
function portOf(name: string, dims: readonly (number | undefined)[] | undefined): Message {
  const tensor = new Message().int(1, float32);
  if (dims !== undefined) {
    const shape = new Message();
    for (const dim of dims) shape.message(1, dim === undefined ? new Message() : new Message().int(1, dim));
    tensor.message(2, shape);
  }
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

/** The beginning of a field that holds these bytes. */
function lengthOf(field: number, content: readonly Uint8Array[]): Uint8Array {
  let length = content.reduce((sum, { length: one }) => sum + one, 0);
  const bytes = [field * 8 + 2];
  for (; length > 127; length = Math.floor(length / 128)) bytes.push((length % 128) + 128);
  return Uint8Array.from([...bytes, length]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
