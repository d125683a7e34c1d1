import { relative } from "node:path";
import { BugError } from "#/lib/errors.ts";
import { readWeights } from "#/weights/read-weights.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { onnxType } from "./element-type.ts";
import type { Attribute, Constant, Graph, Node, Port, Weight } from "./graph.ts";
import { Message } from "./protobuf.ts";

export type EncodeOptions = Readonly<{
  /** Folder that the runtime resolves weight locations against; every weight's file lies below it. */
  folder: string;
  /**
   * Weights are graph inputs as well, so that the runtime may neither fold nor re-pack them: they stay mapped in the
   * page cache. Without it the runtime copies them once, in the order its kernels like.
   */
  inPlace: boolean;
}>;

const opset = 20;
const irVersion = 9;
const externalLocation = 1;

/**
 * The graph as the bytes of an ONNX `ModelProto` (onnx.proto); weights by file, offset and length, but for inline ones,
 * which are read here. Every edge has its shape: where one has none, the runtime's planner searches all buffers there are
 * for one to use again, and opening a large network takes the square of its nodes. Few are left without on purpose: memory that
 * has an edge of the same shape to come is kept until then, however large it is.
 *
 * Casts and transpositions of weights come first in the node list: the runtime's default order then runs each just before its consumer.
 * Placed later, all of them run at the start and hold every weight in memory twice.
 *
 * @throws ModelError `file-unreadable` or `header-invalid` if an inline weight cannot be read
 */
export function encode(graph: Graph, options: EncodeOptions): Uint8Array {
  const proto = new Message();
  for (const node of [...graph.casts, ...graph.nodes]) proto.message(1, nodeProto(node));
  proto.text(2, "fooocusd");
  const weights = [...graph.weights.values()];
  const external = weights.filter(({ inline }) => !inline);
  for (const weight of external) proto.message(5, externalProto(weight, options.folder));
  const values = readWeights(weights.filter(({ inline }) => inline).map(({ ref }) => ref));
  for (const weight of weights) if (weight.inline) proto.message(5, inlineProto(weight, values));
  for (const constant of graph.constants.values()) proto.message(5, constantProto(constant));
  for (const port of graph.inputs) proto.message(11, portProto(port));
  if (options.inPlace) for (const weight of external) proto.message(11, portProto(weight));
  for (const port of graph.outputs) proto.message(12, portProto(port));
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  for (const edge of graph.edges.values())
    if (!outputs.has(edge.name) && !graph.passing.has(edge.name)) proto.message(13, portProto(edge));

  const model = new Message().int(1, irVersion).text(2, "fooocusd").message(7, proto);
  model.message(8, new Message().text(1, "").int(2, opset));
  model.message(8, new Message().text(1, "com.microsoft").int(2, 1));
  return model.bytes;
}

function nodeProto(node: Node): Message {
  const proto = new Message();
  for (const input of node.inputs) proto.text(1, input);
  for (const output of node.outputs) proto.text(2, output);
  proto.text(3, node.outputs[0] ?? "").text(4, node.op);
  for (const [name, value] of Object.entries(node.attributes)) proto.message(5, attributeProto(name, value));
  if (node.domain !== "") proto.text(7, node.domain);
  return proto;
}

/** Field 20 says which kind it is: 1 float, 2 int, 3 string, 6 floats, 7 ints. */
function attributeProto(name: string, value: Attribute): Message {
  const proto = new Message().text(1, name);
  if (typeof value === "number") return proto.int(3, value).int(20, 2);
  if (typeof value === "string") return proto.text(4, value).int(20, 3);
  if ("float" in value) return proto.float(2, value.float).int(20, 1);
  if ("floats" in value) return value.floats.reduce((p, v) => p.float(7, v), proto).int(20, 6);
  return proto.ints(8, value).int(20, 7);
}

function externalProto({ name, type, dims, ref }: Weight, folder: string): Message {
  const entry = (key: string, value: string): Message => new Message().text(1, key).text(2, value);
  return new Message()
    .ints(1, dims)
    .int(2, onnxType[type])
    .text(8, name)
    .message(13, entry("location", relative(folder, ref.path)))
    .message(13, entry("offset", String(ref.offset)))
    .message(13, entry("length", String(ref.length)))
    .int(14, externalLocation);
}

/** Exact in float32; a scale multiplies there, before anything is rounded to a half. */
function inlineProto({ name, type, dims, ref }: Weight, read: ReadonlyMap<WeightRef, Float32Array>): Message {
  const { scale = 1 } = ref;
  const values = read.get(ref)?.map((value) => value * Math.fround(scale));
  if (values === undefined) throw new BugError(`${ref.key} was not read.`);
  const data = type === "float16" ? new Float16Array(values) : values;
  return new Message()
    .ints(1, dims)
    .int(2, onnxType[type])
    .text(8, name)
    .data(9, new Uint8Array(data.buffer));
}

function constantProto({ name, type, dims, values }: Constant): Message {
  const data = constantData(type, values);
  return new Message()
    .ints(1, dims)
    .int(2, onnxType[type])
    .text(8, name)
    .data(9, new Uint8Array(data.buffer));
}

function constantData(
  type: Constant["type"],
  values: readonly number[],
): Float32Array | BigInt64Array | Uint8Array | Int8Array {
  switch (type) {
    case "float32":
      return new Float32Array(values);
    case "int64":
      return BigInt64Array.from(values, (value) => BigInt(Math.trunc(value)));
    case "uint8":
      return Uint8Array.from(values);
    case "int8":
      return Int8Array.from(values);
  }
}

function portProto({ name, type, dims }: Pick<Port, "name" | "type" | "dims">): Message {
  const shape = new Message();
  for (const dim of dims)
    shape.message(1, typeof dim === "number" ? new Message().int(1, dim) : new Message().text(2, dim));
  const tensor = new Message().int(1, onnxType[type]).message(2, shape);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}
