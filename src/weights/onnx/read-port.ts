import { elementTypeName } from "./element-types.ts";
import type { Field, ProtobufReader } from "./protobuf-reader.ts";

/** What a network takes or gives: an axis has no length where it may have any, and there are no axes where nothing is said. */
export type OnnxPort = Readonly<{
  name: string;
  type: string;
  dims: readonly (number | undefined)[] | undefined;
}>;

/** `[1, 3, ?, ?] of float32`, for messages. */
export const shownPort = ({ type, dims }: Pick<OnnxPort, "type" | "dims">): string =>
  `${dims === undefined ? "anything" : `[${dims.map((dim) => dim ?? "?").join(", ")}]`} of ${type}`;

type Content = Extract<Field, { start: number }>;

/** A `ValueInfoProto`. What is no tensor has a type of its own, and no axes. */
export function portIn(reader: ProtobufReader, { start, end }: Pick<Content, "start" | "end">): OnnxPort {
  const port: { name: string; type: string; dims: OnnxPort["dims"] } = {
    name: "",
    type: "no tensor",
    dims: undefined,
  };
  for (const field of reader.fields(start, end)) {
    if (!("start" in field)) continue;
    if (field.number === 1) port.name = new TextDecoder().decode(reader.bytes(field.start, field.end));
    // A TypeProto, and in it, where it is a tensor's, a TypeProto.Tensor.
    if (field.number === 2)
      for (const tensor of reader.fields(field.start, field.end))
        if (tensor.number === 1 && "start" in tensor) Object.assign(port, tensorIn(reader, tensor));
  }
  return port;
}

function tensorIn(reader: ProtobufReader, { start, end }: Content): Pick<OnnxPort, "type" | "dims"> {
  let type = 0;
  let dims: (number | undefined)[] | undefined;
  for (const field of reader.fields(start, end)) {
    if (field.number === 1 && "value" in field) type = field.value;
    if (field.number === 2 && "start" in field) {
      dims = [];
      for (const dim of reader.fields(field.start, field.end))
        if (dim.number === 1 && "start" in dim) dims.push(lengthIn(reader, dim));
    }
  }
  return { type: elementTypeName(type), dims };
}

/** The length of an axis; one with a name, or with a length that is none, may have any. */
function lengthIn(reader: ProtobufReader, { start, end }: Content): number | undefined {
  for (const field of reader.fields(start, end))
    if (field.number === 1 && "value" in field)
      return field.value > 0 && field.value <= Number.MAX_SAFE_INTEGER ? field.value : undefined;
  return undefined;
}
