import type { StorageId } from "./storage-id.ts";

/**
 * What a pickle can become here: plain values, and objects whose classes are names and nothing else. Lists, tuples and
 * dictionaries are shared, never copied, so that a pickle that names one a million times costs a million names.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleList
  | PickleDict
  | Name
  | Opaque
  | StorageId
  | TensorValue;

/** A list, a tuple, or a set. */
export type PickleList = Readonly<{ kind: "list" | "tuple"; items: PickleValue[] }>;

/** A dictionary, ordered or not; keys may be anything, and may come twice: the last one counts. */
export type PickleDict = Readonly<{
  kind: "dict";
  entries: [PickleValue, PickleValue][];
  /** Set for torch's `ParameterDict`: the entries are in its state. */
  inState?: true;
}>;

/** A class or function by its name, never looked up. */
export type Name = Readonly<{ kind: "name"; name: string }>;

/** What a class or function that is not known here would have made: it keeps nothing of what it was given. */
export type Opaque = Readonly<{ kind: "opaque"; name: string }>;

/** A tensor: elements of a storage. */
export type TensorValue = Readonly<{
  kind: "tensor";
  storage: StorageId;
  /** Element type by torch's name, or that of the storage. */
  dtype: string;
  start: number;
  shape: readonly number[];
  strides: readonly number[];
}>;
