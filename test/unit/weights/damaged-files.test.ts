import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { MersenneTwister, seededState } from "#/lib/mersenne-twister.ts";
import { dtypeBytes } from "#/weights/dtype.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { readBytes } from "#/weights/read-weights.ts";
import type { WeightRef } from "#/weights/weight-file.ts";
import { goldenPath } from "../../support/golden.ts";

/**
 * Ten thousand damaged files: bytes changed, cut off, put in, taken out, moved. Each is refused by a ModelError, or gives
 * tensors that are right: the original's bytes at the original's place, or bytes at that place that were damaged there.
 *
 * In an archive nothing else passes, since the pickle has a checksum and everything around it stands twice. A safetensors
 * header and the pickles of old files have none: damage there may change a name or a shape without a sign, so of those
 * files, where the header was hit, only this is asked: every tensor lies in the file, in the size its shape says.
 */
const folder = mkdtempSync(join(tmpdir(), "damaged-"));
afterAll(() => rmSync(folder, { recursive: true }));

const turns = 10_000;
const archives = [
  "types-zip.pt",
  "views-zip.pt",
  "views-stored.pt",
  "types-deflated.pt",
  "lightning-zip.pt",
  "patch-zip.pt",
];
const unchecked = [
  "types-old.pt",
  "views-old.pt",
  "lightning-old.pt",
  "protocol4-old.pt",
  "unchecked-zip.pt",
];

type Original = Readonly<{
  name: string;
  bytes: Uint8Array;
  tensors: ReadonlyMap<string, WeightRef>;
  values: ReadonlyMap<string, Uint8Array>;
  /** First byte of the first tensor: what lies before it has no checksum. 0 for an archive. */
  data: number;
}>;

function original(path: string, checked: boolean): Original {
  const { tensors } = openWeights(path);
  const values = new Map([...tensors].map(([key, ref]) => [key, readBytes(ref)]));
  const places = [...tensors.values()].map(({ offset, packed }) => packed?.storage.offset ?? offset);
  const data = checked ? 0 : Math.min(...places);
  return { name: path.split("/").at(-1) ?? "", bytes: readFileSync(path), tensors, values, data };
}

const originals: readonly Original[] = [
  ...archives.map((name) => original(goldenPath(`torch/${name}`), true)),
  ...unchecked.map((name) => original(goldenPath(`torch/${name}`), false)),
  original(goldenPath("torch-files.safetensors"), false),
];

const random = new MersenneTwister(seededState(20_261_129));
const below = (limit: number): number => random.word() % Math.max(1, limit);

/** A damaged copy. */
function damaged(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  const at = below(copy.length);
  const length = 1 + below(Math.min(40, copy.length - at));
  switch (below(7)) {
    case 0:
      copy[at] = (copy[at] ?? 0) ^ (1 << below(8));
      return copy;
    case 1:
      for (let i = 0; i < length; i += 1) copy[at + i] = below(256);
      return copy;
    case 2:
      return copy.subarray(0, at);
    case 3:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + length)]);
    case 4:
      return Buffer.concat([copy.subarray(0, at), new Uint8Array(length), copy.subarray(at)]);
    case 5:
      copy.copyWithin(at, below(copy.length), copy.length); // the rest is what came from elsewhere
      return copy;
    default:
      copy.fill(0, at, at + length);
      return copy;
  }
}

/** Where a tensor's bytes come from. */
const placeOf = ({ packed, offset, length }: WeightRef): readonly [number, number] =>
  packed === undefined ? [offset, length] : [packed.storage.offset, packed.storage.length];

const differs = (a: Uint8Array, b: Uint8Array, from: number, to: number): boolean =>
  Buffer.compare(a.subarray(from, to), b.subarray(from, to)) !== 0;

/** What is wrong with what was read; undefined where nothing is. */
function wrong(own: Original, file: Uint8Array, tensors: ReadonlyMap<string, WeightRef>): string | undefined {
  const headerHit = own.data > 0 && differs(own.bytes, file, 0, own.data);
  for (const [key, ref] of tensors) {
    const [at, length] = placeOf(ref);
    if (at < 0 || at + length > file.length) return `${key} lies outside of the file`;
    const read = ref.packed === undefined ? file.subarray(at, at + length) : unpacked(ref);
    if (read === undefined) continue;
    if (read.length !== ref.shape.reduce((n, side) => n * side, dtypeBytes[ref.dtype]))
      return `${key} has another size`;
    if (headerHit) continue;
    const known = own.tensors.get(key);
    if (known === undefined || tensors.size !== own.tensors.size) return `${key} is new, or others are gone`;
    if (known.dtype !== ref.dtype || known.shape.join() !== ref.shape.join())
      return `${key} has another shape`;
    if (Buffer.compare(read, own.values.get(key) ?? new Uint8Array()) === 0) continue;
    if (placeOf(known).join() !== placeOf(ref).join()) return `${key} is read from elsewhere`;
    if (!differs(own.bytes, file, at, at + length)) return `${key} has other bytes than its place`;
  }
  return undefined;
}

/** A packed tensor's bytes; undefined where unpacking them finds the damage. */
function unpacked(ref: WeightRef): Uint8Array | undefined {
  try {
    return readBytes(ref);
  } catch (thrown) {
    if (thrown instanceof ModelError) return undefined;
    throw thrown;
  }
}

test(`${turns} damaged files are refused, or give no wrong tensor`, () => {
  const path = join(folder, "damaged");
  const count = { refused: 0, right: 0 };
  for (let turn = 0; turn < turns; turn += 1) {
    const own = originals[turn % originals.length]!;
    const file = damaged(own.bytes);
    writeFileSync(path, file);
    try {
      const { tensors } = openWeights(path);
      expect([turn, own.name, wrong(own, file, tensors)]).toEqual([turn, own.name, undefined]);
      count.right += 1;
    } catch (thrown) {
      if (!(thrown instanceof ModelError)) throw thrown;
      expect(thrown.message).toStartWith("damaged: ");
      count.refused += 1;
    }
  }
  // Both happen, much: a reader that refuses everything, or nothing, would pass what is above.
  expect([count.refused > turns / 2, count.right > turns / 10, count.refused + count.right]).toEqual([
    true,
    true,
    turns,
  ]);
}, 120_000);
