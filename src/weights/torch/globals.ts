import type { PickleMachine } from "./pickle.ts";
import type { PickleDict, PickleValue, TensorValue } from "./pickle-value.ts";
import { storageTypes } from "./storage-id.ts";

/** Most axes of a tensor; that of safetensors. */
const maxAxes = 8;

type Args = readonly PickleValue[];
type Callable = (m: PickleMachine, args: Args) => PickleValue;

/** The functions whose answer is known. Nothing is ever called by its name. */
const callables: ReadonlyMap<string, Callable> = new Map<string, Callable>([
  ["collections.OrderedDict", orderedDict],
  ["torch.Size", (m, [size]) => ({ kind: "tuple", items: [...counts(m, size, "torch.Size")] })],
  ["torch._utils._rebuild_tensor", tensor],
  ["torch._utils._rebuild_tensor_v2", tensor],
  ["torch._utils._rebuild_tensor_v3", typedTensor],
  ["torch._tensor._rebuild_from_type_v2", typed],
  ["torch._utils._rebuild_parameter", parameter],
  ["torch._utils._rebuild_parameter_with_state", parameter],
]);

/** What a call gives: a value that is known, or an inert object under the name of what was called. */
export function called(m: PickleMachine, callee: PickleValue, args: PickleValue): PickleValue {
  if (typeof args !== "object" || args?.kind !== "tuple") throw m.bad("calls something without a tuple");
  if (typeof callee === "object" && callee?.kind === "name") {
    const known = callables.get(callee.name);
    return known === undefined ? { kind: "opaque", name: callee.name } : known(m, args.items);
  }
  return unknown(m, callee);
}

/** What a class makes of its arguments; they are dropped. */
export function made(m: PickleMachine, callee: PickleValue): PickleValue {
  if (typeof callee !== "object" || callee?.kind !== "name") return unknown(m, callee);
  if (callee.name === "collections.OrderedDict") return { kind: "dict", entries: [] };
  if (callee.name === "torch.nn.modules.container.ParameterDict")
    return { kind: "dict", entries: [], inState: true };
  return { kind: "opaque", name: callee.name };
}

function unknown(m: PickleMachine, callee: PickleValue): PickleValue {
  if (typeof callee === "object" && callee?.kind === "opaque") return callee;
  throw m.bad("calls something that is no function");
}

/**
 * What torch keeps beside its pickles, by the id it writes. Of a network's class, old files have the source text too, which
 * is passed over: ("module", class, file, source). A storage: ("storage", type, key, device, number of elements), and in old files a window
 * (key, first element, number of elements) of it.
 */
export function persistent(m: PickleMachine, id: PickleValue): PickleValue {
  const items = typeof id === "object" && id?.kind === "tuple" ? id.items : [];
  const [what, type, key, , count, window] = items;
  if (what === "module" && typeof type === "object" && type?.kind === "name") return type;
  const dtype = typeof type === "object" && type?.kind === "name" ? storageType(type.name) : undefined;
  if (what !== "storage" || typeof key !== "string" || !isCount(count) || dtype === undefined)
    throw m.bad("refers to something that is no storage");
  if (window === undefined || window === null)
    return m.note({ kind: "storage", key, dtype, count, start: 0 });
  const [, start, length] = typeof window === "object" && window.kind === "tuple" ? window.items : [];
  if (!isCount(start) || !isCount(length) || start + length > count)
    throw m.bad("refers to a window that its storage does not have");
  return m.note({ kind: "storage", key, dtype, count, start });
}

/** `torch.FloatStorage`, `torch.cuda.FloatStorage`, `torch.storage.UntypedStorage` */
function storageType(name: string): string | undefined {
  const own = /^torch\.(?:cuda\.|storage\.)?(\w+)$/.exec(name)?.[1] ?? "";
  return Object.hasOwn(storageTypes, own) ? storageTypes[own] : undefined;
}

function orderedDict(m: PickleMachine, [pairs]: Args): PickleDict {
  const items = typeof pairs === "object" && pairs?.kind === "list" ? pairs.items : [];
  const entries = items.map((pair): [PickleValue, PickleValue] => {
    const [key, value] = typeof pair === "object" && pair !== null && "items" in pair ? pair.items : [];
    if (key === undefined || value === undefined)
      throw m.bad("makes a dictionary of something else than pairs");
    return [key, value];
  });
  return { kind: "dict", entries };
}

function tensor(m: PickleMachine, [storage, start, size, stride]: Args): TensorValue {
  if (typeof storage !== "object" || storage?.kind !== "storage")
    throw m.bad("makes a tensor of something that is no storage");
  if (!isCount(start)) throw m.bad("makes a tensor that begins nowhere");
  const shape = counts(m, size, "a tensor's size");
  const strides = counts(m, stride, "a tensor's stride");
  if (shape.length !== strides.length || shape.length > maxAxes)
    throw m.bad(`makes a tensor with ${shape.length} axes and ${strides.length} strides`);
  return { kind: "tensor", storage, dtype: storage.dtype, start: storage.start + start, shape, strides };
}

/** Types that have no storage class of their own: the storage is bytes, the type stands behind. */
function typedTensor(m: PickleMachine, args: Args): TensorValue {
  const type = args[6];
  if (typeof type !== "object" || type?.kind !== "name") throw m.bad("makes a tensor without a type");
  return { ...tensor(m, args), dtype: type.name.replace(/^torch\./, "") };
}

/** Classes of tensors that are nothing but a tensor. */
const plainTypes = [
  "torch.Tensor",
  "torch._tensor.Tensor",
  "torch.nn.parameter.Buffer",
  "torch.nn.parameter.Parameter",
];

/** A tensor that has a class or a state of its own: the function and arguments that make it, and the class. */
function typed(m: PickleMachine, [callee = null, type, args = null]: Args): PickleValue {
  const name = typeof type === "object" && type?.kind === "name" ? type.name : "an unknown class";
  return plainTypes.includes(name) ? called(m, callee, args) : { kind: "opaque", name };
}

function parameter(m: PickleMachine, [data]: Args): PickleValue {
  if (typeof data === "object" && (data?.kind === "tensor" || data?.kind === "opaque")) return data;
  throw m.bad("makes a parameter of something that is no tensor");
}

function counts(m: PickleMachine, value: PickleValue | undefined, what: string): readonly number[] {
  const items = typeof value === "object" && value !== null && "items" in value ? value.items : undefined;
  if (items === undefined || !items.every(isCount))
    throw m.bad(`has ${what} that is not made of whole numbers`);
  return items;
}

const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
