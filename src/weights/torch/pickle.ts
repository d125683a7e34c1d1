import { invalidFile } from "../model-file.ts";
import type { ByteCursor } from "./byte-cursor.ts";
import { opcodes } from "./opcodes.ts";
import type { PickleValue } from "./pickle-value.ts";
import type { StorageId } from "./storage-id.ts";

/** Most bytes of one pickle. That of SDXL has half a megabyte, with what training leaves some megabytes. */
export const maxPickle = 64 * 1024 * 1024;

const maxOperations = 2_000_000;
const maxStack = 1_000_000;
const maxMemo = 1_000_000;

/**
 * The stack machine that a pickle is a program for (Python's `pickletools`, protocols 2 to 5), without its dangerous half:
 * nothing is imported and nothing is called. Operations are a closed list, and so are the functions whose answer is known
 * (`globals.ts`); any other class or function stays a name, and what it would make an inert object.
 */
export class PickleMachine {
  readonly bytes: ByteCursor;
  readonly #path: string;
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  readonly #storages = new Map<string, StorageId>();

  /** @param path for messages */
  constructor(path: string, bytes: ByteCursor) {
    this.#path = path;
    this.bytes = bytes;
  }

  /**
   * Reads one pickle, up to its end and no further.
   *
   * @throws ModelError `header-invalid` naming the operation and its place, if it is none of the list, wants something
   *         that is not there, or exceeds what a file of tensors can need
   */
  run(): PickleValue {
    for (let count = 0; count < maxOperations; count += 1) {
      const code = this.bytes.uint8();
      if (code === stop) return this.pop();
      const operation = opcodes.get(code);
      if (operation === undefined) {
        const hex = code.toString(16).padStart(2, "0");
        throw this.bad(`holds the operation 0x${hex}, which no file of tensors needs`);
      }
      operation(this);
    }
    throw this.bad(`has more than ${maxOperations} operations`);
  }

  push(value: PickleValue): void {
    if (this.#stack.length === maxStack) throw this.bad(`stacks more than ${maxStack} values`);
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.pop() : undefined;
    if (value === undefined) throw this.bad("takes from an empty stack");
    return value;
  }

  top(): PickleValue {
    const value = this.pop();
    this.#stack.push(value);
    return value;
  }

  mark(): void {
    if (this.#marks.length === maxStack) throw this.bad(`marks more than ${maxStack} places`);
    this.#marks.push(this.#stack.length);
  }

  /** All values above the last mark, which goes. */
  popMarked(): PickleValue[] {
    const from = this.#marks.pop();
    if (from === undefined) throw this.bad("misses a mark");
    return this.#stack.splice(from);
  }

  remember(index: number, value: PickleValue): void {
    this.#memo.set(index, value);
    if (this.#memo.size > maxMemo) throw this.bad(`remembers more than ${maxMemo} values`);
  }

  /** Where the next value without an index of its own is remembered. */
  get nextMemo(): number {
    return this.#memo.size;
  }

  recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.bad(`asks for the value ${index}, which it never named`);
    return value;
  }

  /** The storages that were named so far, by their keys. */
  get storages(): ReadonlyMap<string, StorageId> {
    return this.#storages;
  }

  /** Notes a storage, which must be the same wherever it is named. */
  note(id: StorageId): StorageId {
    const known = this.#storages.get(id.key) ?? id;
    if (known.dtype !== id.dtype || known.count !== id.count)
      throw this.bad(`gives the storage ${id.key.slice(0, 40)} two types or lengths`);
    this.#storages.set(id.key, known);
    return id;
  }

  /** The error for this pickle, here. */
  bad(what: string): Error {
    return invalidFile(this.#path, `its pickle ${what} (at byte ${this.bytes.position})`);
  }
}

const stop = 0x2e;
