import { called, made, persistent } from "./globals.ts";
import type { PickleMachine } from "./pickle.ts";
import type { PickleValue } from "./pickle-value.ts";

type Operation = (m: PickleMachine) => void;

const longestName = 500;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const list = (kind: "list" | "tuple", items: PickleValue[]): PickleValue => ({ kind, items });

const text = (m: PickleMachine, length: number): PickleValue => {
  const bytes = m.bytes.take(length);
  try {
    return utf8.decode(bytes);
  } catch {
    throw m.bad("holds a text that is not UTF-8");
  }
};

/** What Python 2 wrote for texts, and for bytes. */
const oldText = (m: PickleMachine, length: number): PickleValue => {
  const own = m.bytes.take(length);
  try {
    return utf8.decode(own);
  } catch {
    return { kind: "opaque", name: "bytes" };
  }
};

/** Bytes mean nothing to a file of tensors. */
const bytes = (m: PickleMachine, length: number): PickleValue => {
  m.bytes.take(length);
  return { kind: "opaque", name: "bytes" };
};

/** Little-endian, two's complement. */
function long(m: PickleMachine, length: number): PickleValue {
  let value = 0n;
  for (const byte of m.bytes.take(length).toReversed()) value = (value << 8n) | BigInt(byte);
  const signed = BigInt.asIntN(8 * length, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

const tuple = (m: PickleMachine, length: number): PickleValue => {
  const items = Array.from({ length }, () => m.pop()).reverse();
  return list("tuple", items);
};

const name = (module: PickleValue, own: PickleValue, m: PickleMachine): PickleValue => {
  if (typeof module !== "string" || typeof own !== "string") throw m.bad("names something by no text");
  return { kind: "name", name: `${module}.${own}`.slice(0, longestName) };
};

/** What is put into an object that is not known goes with it. */
function append(m: PickleMachine, items: readonly PickleValue[]): void {
  const target = m.top();
  const kind = typeof target === "object" && target !== null ? target.kind : "value";
  if (kind === "opaque") return;
  if (typeof target !== "object" || target?.kind !== "list") throw m.bad(`appends to a ${kind}`);
  for (const item of items) target.items.push(item);
}

function setItems(m: PickleMachine, items: readonly PickleValue[]): void {
  const target = m.top();
  const kind = typeof target === "object" && target !== null ? target.kind : "value";
  if (kind === "opaque") return;
  if (typeof target !== "object" || target?.kind !== "dict") throw m.bad(`sets items of a ${kind}`);
  if (items.length % 2 !== 0) throw m.bad("sets an item without a value");
  for (let i = 0; i < items.length; i += 2) target.entries.push([items[i] ?? null, items[i + 1] ?? null]);
}

/**
 * The state of a dictionary or a tensor (`_metadata`, hooks) is nothing to us, an unknown object's neither. That of a
 * `ParameterDict` has its entries.
 */
function build(m: PickleMachine): void {
  const state = m.pop();
  const target = m.top();
  const kind = typeof target === "object" && target !== null ? target.kind : "value";
  if (kind !== "dict" && kind !== "tensor" && kind !== "opaque") throw m.bad(`gives a state to a ${kind}`);
  if (typeof target !== "object" || target?.kind !== "dict" || target.inState !== true) return;
  const entries = entriesOf(state).find(([key]) => key === "_parameters")?.[1] ?? null;
  for (const entry of entriesOf(entries)) target.entries.push(entry);
}

const entriesOf = (value: PickleValue): readonly [PickleValue, PickleValue][] =>
  typeof value === "object" && value?.kind === "dict" ? value.entries : [];

const swapped = <T>(take: () => T, use: (later: T, earlier: T) => void): void => {
  const later = take();
  use(later, take());
};

/** Operations by their code, with `pickletools`' names. What is not here, no file of tensors needs. */
export const opcodes: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [0x80, (m) => void m.bytes.uint8()], // PROTO
  [0x95, (m) => void m.bytes.take(8)], // FRAME
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popMarked()], // POP_MARK
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.bytes.int32())], // BININT
  [0x4b, (m) => m.push(m.bytes.uint8())], // BININT1
  [0x4d, (m) => m.push(m.bytes.uint16())], // BININT2
  [0x8a, (m) => m.push(long(m, m.bytes.uint8()))], // LONG1
  [0x47, (m) => m.push(m.bytes.float64())], // BINFLOAT
  [0x58, (m) => m.push(text(m, m.bytes.uint32()))], // BINUNICODE
  [0x8c, (m) => m.push(text(m, m.bytes.uint8()))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(text(m, m.bytes.uint64()))], // BINUNICODE8
  [0x54, (m) => m.push(oldText(m, m.bytes.uint32()))], // BINSTRING
  [0x55, (m) => m.push(oldText(m, m.bytes.uint8()))], // SHORT_BINSTRING
  [0x42, (m) => m.push(bytes(m, m.bytes.uint32()))], // BINBYTES
  [0x43, (m) => m.push(bytes(m, m.bytes.uint8()))], // SHORT_BINBYTES
  [0x8e, (m) => m.push(bytes(m, m.bytes.uint64()))], // BINBYTES8
  [0x96, (m) => m.push(bytes(m, m.bytes.uint64()))], // BYTEARRAY8
  [0x7d, (m) => m.push({ kind: "dict", entries: [] })], // EMPTY_DICT
  [0x5d, (m) => m.push(list("list", []))], // EMPTY_LIST
  [0x8f, (m) => m.push(list("list", []))], // EMPTY_SET
  [0x29, (m) => m.push(list("tuple", []))], // EMPTY_TUPLE
  [0x74, (m) => m.push(list("tuple", m.popMarked()))], // TUPLE
  [0x91, (m) => m.push(list("list", m.popMarked()))], // FROZENSET
  [0x85, (m) => m.push(tuple(m, 1))], // TUPLE1
  [0x86, (m) => m.push(tuple(m, 2))], // TUPLE2
  [0x87, (m) => m.push(tuple(m, 3))], // TUPLE3
  [0x61, (m) => append(m, [m.pop()])], // APPEND
  [0x65, (m) => append(m, m.popMarked())], // APPENDS
  [0x90, (m) => append(m, m.popMarked())], // ADDITEMS
  [
    0x73,
    (m) =>
      swapped(
        () => m.pop(),
        (value, key) => setItems(m, [key, value]),
      ),
  ], // SETITEM
  [0x75, (m) => setItems(m, m.popMarked())], // SETITEMS
  [0x71, (m) => m.remember(m.bytes.uint8(), m.top())], // BINPUT
  [0x72, (m) => m.remember(m.bytes.uint32(), m.top())], // LONG_BINPUT
  [0x94, (m) => m.remember(m.nextMemo, m.top())], // MEMOIZE
  [0x68, (m) => m.push(m.recall(m.bytes.uint8()))], // BINGET
  [0x6a, (m) => m.push(m.recall(m.bytes.uint32()))], // LONG_BINGET
  [0x63, (m) => m.push(name(m.bytes.line(longestName), m.bytes.line(longestName), m))], // GLOBAL
  [
    0x93,
    (m) =>
      swapped(
        () => m.pop(),
        (own, module) => m.push(name(module, own, m)),
      ),
  ], // STACK_GLOBAL
  [
    0x52,
    (m) =>
      swapped(
        () => m.pop(),
        (args, callee) => m.push(called(m, callee, args)),
      ),
  ], // REDUCE
  [
    0x81,
    (m) =>
      swapped(
        () => m.pop(),
        (_args, callee) => m.push(made(m, callee)),
      ),
  ], // NEWOBJ
  [
    0x92, // NEWOBJ_EX
    (m) => {
      m.pop();
      swapped(
        () => m.pop(),
        (_args, callee) => m.push(made(m, callee)),
      );
    },
  ],
  [0x62, build], // BUILD
  [0x51, (m) => m.push(persistent(m, m.pop()))], // BINPERSID
]);
