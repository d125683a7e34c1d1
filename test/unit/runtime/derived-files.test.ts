import { afterAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { EngineError, ModelError } from "#/lib/errors.ts";
import { createLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { type JoinPlan, planJoin } from "#/weights/derived/join-plan.ts";
import { joinedLoras, joinedSize } from "#/weights/derived/joined-loras.ts";
import type { LoraBranches } from "#/weights/lora/lora.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import type { FileStamp } from "#/weights/stamp.ts";
import { stored, writeTensors } from "../../support/write-safetensors.ts";

const root = mkdtempSync(join(tmpdir(), "derived-"));
afterAll(() => {
  for (const one of mounts) Bun.spawnSync(["umount", "-l", one]);
  rmSync(root, { recursive: true });
});

const base = readSafetensors(
  writeTensors(join(root, "base.safetensors"), {
    "m.weight": stored("F32", [64, 64], new Float32Array(4096)),
  }),
).tensors;

type Lora = Readonly<{ plan: JoinPlan; sources: readonly FileStamp[]; path: string }>;

/** A LoRA of rank 8 whose values are all the same, and that is used twice: one alone needs no file. */
function lora(name: string, value: number): Lora {
  const path = join(root, `${name}.safetensors`);
  writeTensors(path, {
    down: stored("F16", [8, 64], new Float32Array(512).fill(value)),
    up: stored("F16", [64, 8], new Float32Array(512).fill(value)),
  });
  return opened(path);
}

function opened(path: string): Lora {
  const { tensors, stamp, path: real } = readSafetensors(path);
  const branches: LoraBranches = new Map([
    ["m", [{ index: 0, down: tensors.get("down")!, up: tensors.get("up")!, scale: 1 }]],
  ]);
  return { plan: planJoin([branches, branches], base), sources: [{ path: real, stamp }], path };
}

/** A folder of its own, with room for so many LoRAs. */
function cache(room = 100, folder = mkdtempSync(join(root, "cache-"))) {
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => lines.push(line), now: () => new Date(0) });
  const size = joinedSize(lora("any", 1).plan);
  const derived = new DerivedFiles({ folder, budget: room * size }, log);
  const ask = async ({ plan, sources }: Lora, inUse: (path: string) => boolean = () => false) => {
    const joined = await derived.of(joinedLoras(plan, sources), inUse);
    return joined.modules.get("m")!.down;
  };
  const files = () =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".safetensors"))
      .toSorted();
  return { derived, ask, files, folder, lines };
}

test("a file is written once, and found again by another server, and under another name of the LoRA", async () => {
  const { ask, folder, files, lines } = cache();
  const a = lora("a", 1);
  const down = await ask(a);
  expect(readWeight(down)[100]).toBe(1);
  const { ino } = statSync(down.path);
  await ask(a);
  const other = cache(100, folder);
  renameSync(a.path, join(root, "renamed.safetensors"));
  expect((await other.ask(opened(join(root, "renamed.safetensors")))).path).toBe(down.path);
  expect(statSync(down.path).ino).toBe(ino);
  expect(files()).toHaveLength(1);
  expect([lines.length, other.lines.length]).toEqual([1, 0]);
  expect(statSync(down.path).mode & 0o077).toBe(0);
});

test("other content under the same name is another file, and what was made of the old one goes", async () => {
  const { ask, derived, files } = cache();
  const old = await ask(lora("changing", 1));
  derived.dropReplaced();
  expect(files()).toHaveLength(1);
  const changed = lora("changing", 2);
  derived.dropReplaced();
  expect(files()).toEqual([]);
  const down = await ask(changed);
  expect(down.path).not.toBe(old.path);
  expect(readWeight(down)[0]).toBe(2);
  rmSync(changed.path);
  derived.dropReplaced();
  expect(files()).toEqual([]);
});

test("hashes are kept beside it: another start reads no LoRA that has not changed", async () => {
  const { ask, folder } = cache();
  const a = lora("kept", 1);
  const { path } = await ask(a);
  const hashes = join(folder, "hashes.json");
  const text = readFileSync(hashes, "utf8");
  const sha = new Bun.CryptoHasher("sha256").update(readFileSync(a.path)).digest("hex");
  expect(text).toContain(sha);
  writeFileSync(hashes, text.replace(sha, "0".repeat(64))); // what is written there is what is believed
  expect((await cache(100, folder).ask(a)).path).not.toBe(path);
  writeFileSync(hashes, "{ broken");
  expect((await cache(100, folder).ask(a)).path).toBe(path);
});

test("a damaged file is written anew", async () => {
  const { ask, folder } = cache();
  const a = lora("whole", 1);
  const { path } = await ask(a);
  writeFileSync(path, "half");
  expect(readWeight(await cache(100, folder).ask(a))[0]).toBe(1);
});

/** What may become of a file that keeps its name, its length and its header. */
const damages: Readonly<Record<string, (bytes: Buffer, other: Buffer) => Buffer>> = {
  "a bit fell over": (bytes) => {
    const at = bytes.length - 3000;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  },
  "only its beginning was written": (bytes) => bytes.fill(0, 4096 + 1000),
  "it is another LoRA's": (_, other) => other,
  "it has no seal": (bytes) => bytes.fill(0, bytes.length - 8),
};

for (const [what, damaged] of Object.entries(damages))
  test(`a file of the right length is written anew, and that is said, where ${what}`, async () => {
    const { ask, folder } = cache();
    const a = lora("rotten", 1);
    const { path } = await ask(a);
    const other = readFileSync((await ask(lora("another", 2))).path);
    const bytes = damaged(readFileSync(path), other);
    writeFileSync(path, bytes);

    const next = cache(100, folder);
    const derived = joinedLoras(a.plan, a.sources);
    expect((await next.derived.outlook([derived])).missing).toEqual([derived]);
    const down = await next.ask(a);
    expect([down.path, readWeight(down).every((value) => value === 1)]).toEqual([path, true]);
    expect(next.lines[0]).toContain("a derived file is damaged or cannot be read, and is made anew");
    expect((await cache(100, folder).derived.outlook([derived])).missing).toEqual([]);
  });

test("a file is proved once, and again when somebody has written to it", async () => {
  const { ask, folder } = cache();
  const a = lora("proved", 1);
  const { path } = await ask(a);
  const next = cache(100, folder);
  await next.ask(a);
  writeFileSync(path, readFileSync(path).fill(0, 4096 + 1000));
  expect(readWeight(await next.ask(a)).every((value) => value === 1)).toBe(true);
  expect(next.lines).toHaveLength(2);
});

test("the budget holds: least recently used first, never one in use, and the one that is wanted always", async () => {
  const { ask, files } = cache(2);
  const at = (path: string, seconds: number) => utimesSync(path, seconds, seconds);
  const [a, b] = [await ask(lora("one", 1)), await ask(lora("two", 2))];
  at(a.path, 1000);
  at(b.path, 2000);
  await ask(opened(join(root, "one.safetensors"))); // now two is the oldest
  expect(Date.now() - statSync(a.path).mtimeMs).toBeLessThan(60_000);
  const c = await ask(lora("three", 3));
  expect(files()).toEqual([a.path, c.path].map((path) => basename(path)).toSorted());
  at(a.path, 3000);
  at(c.path, 4000);
  const d = await ask(lora("four", 4), (path) => path === a.path);
  expect(files()).toEqual([a.path, d.path].map((path) => basename(path)).toSorted());
  const none = cache(0);
  const first = await none.ask(lora("one", 1));
  await none.ask(lora("two", 2));
  expect(none.files()).toHaveLength(2); // another server may be about to open the first
  at(first.path, 1000);
  const last = await none.ask(lora("three", 3));
  expect(none.files()).toContain(basename(last.path));
  expect(none.files()).not.toContain(basename(first.path));
});

test("drafts of writers that are gone are cleared away, fresh ones are somebody's", async () => {
  const { ask, folder } = cache();
  const [gone, fresh] = [join(folder, "x.safetensors.1.tmp"), join(folder, "x.safetensors.2.tmp")];
  for (const path of [gone, fresh]) writeFileSync(path, "half a file");
  utimesSync(gone, 1, 1);
  await ask(lora("tidy", 1));
  expect([existsSync(gone), existsSync(fresh)]).toEqual([false, true]);
});

test("a LoRA that is replaced while it is read leaves nothing that is wrong", async () => {
  const { ask, files } = cache();
  const before = lora("race", 1);
  lora("race", 2); // headers were read, then the file was replaced
  await expect(ask(before)).rejects.toBeInstanceOf(ModelError);
  await expect(ask(before)).rejects.toThrow("race.safetensors was replaced while it was read");
  expect(files()).toEqual([]);
});

test("a folder that cannot be written is named, with the ways out", async () => {
  const file = join(root, "a-file");
  writeFileSync(file, "");
  const { ask } = cache(1, join(file, "derived"));
  const thrown = await ask(lora("nowhere", 1)).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(EngineError);
  expect(thrown).toMatchObject({ code: "storage-failed", details: { folder: join(file, "derived") } });
  expect(String(thrown)).toMatch(
    /could not be written to .*a-file.derived.*derived_cache.*FOOOCUSD_CACHE_DIR/,
  );
});

const mounts: string[] = [];
/** A small disk of its own; whether this user may mount one. */
function mount(disk: string, size: string): boolean {
  mkdirSync(disk);
  const may = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", disk]).exitCode === 0;
  if (may) mounts.push(disk);
  return may;
}
const disk = join(root, "disk");
const mounted = mount(disk, "8k");
test.skipIf(!mounted)(
  `a full disk is said, and keeps no half file${mounted ? "" : " (skipped: this user may not mount a small disk)"}`,
  async () => {
    const { ask } = cache(1, join(disk, "derived"));
    const thrown = await ask(lora("large", 1)).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: "disk-full" });
    expect(String(thrown)).toMatch(/no space left/i);
    expect(readdirSync(join(disk, "derived")).filter((name) => name !== "hashes.json")).toEqual([]);
  },
);

const readOnly = join(root, "read-only");
const isReadOnly = mount(readOnly, "1m");
test.skipIf(!isReadOnly)(
  `a disk that is only readable gives what it has, and is said where that does not do${isReadOnly ? "" : " (skipped: this user may not mount one)"}`,
  async () => {
    const { ask, derived } = cache(1, join(readOnly, "derived"));
    const known = lora("known", 1);
    const { path } = await ask(known);
    expect(Bun.spawnSync(["mount", "-o", "remount,ro", readOnly]).exitCode).toBe(0);
    expect((await ask(known)).path).toBe(path);
    const thrown = await ask(lora("new", 2)).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: "storage-failed" });
    expect(String(thrown)).toMatch(/read-only file system.*FOOOCUSD_CACHE_DIR/);
    rmSync(known.path);
    derived.dropReplaced();
    expect(existsSync(path)).toBe(true);
  },
);

test("two servers that write the same file at once both get it whole", async () => {
  const folder = mkdtempSync(join(root, "shared-"));
  const a = lora("shared", 5);
  const servers = Array.from({ length: 4 }, () => cache(100, folder));
  const downs = await Promise.all(servers.map(({ ask }) => ask(a)));
  expect(new Set(downs.map(({ path }) => path)).size).toBe(1);
  expect(readWeight(downs[0]!).every((value) => value === 5)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});
