import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Content, cut } from "../../../../scripts/gpu/carry/cut.ts";
import { librariesOf, withoutTorchs } from "../../../../scripts/gpu/carry/libraries.ts";
import { hashOf } from "../../../../scripts/gpu/carry/packed.ts";

const folder = mkdtempSync(join(tmpdir(), "gpu-carry-"));
afterAll(() => rmSync(folder, { recursive: true }));

const most = 4096;
/** Of bytes that no compression makes fewer. */
const library = Uint8Array.from({ length: 10_000 }, (_, i) => Number(Bun.hash(`${i}`) & 255n));
const out = join(folder, "pack");

/** A "Bun" that is a shell script which starts the real one, a folder, and a library. */
async function* contents(): AsyncGenerator<Content> {
  const bun = new TextEncoder().encode(`#!/bin/sh\nexec "${process.execPath}" "$@"\n`);
  yield { parcel: { name: "bun", form: "gzip", to: "bun", sha256: hashOf(bun) }, bytes: Bun.gzipSync(bun) };
  const tree = join(folder, "made");
  mkdirSync(join(tree, "scripts"), { recursive: true });
  writeFileSync(join(tree, "scripts/a.sh"), "echo a\n");
  chmodSync(join(tree, "scripts/a.sh"), 0o755);
  const tar = new Uint8Array(await Bun.$`tar -cf - -C ${tree} scripts`.arrayBuffer());
  const folderParcel = { name: "tree", form: "tar.zstd", to: "tree", sha256: hashOf(tar) } as const;
  yield { parcel: folderParcel, bytes: Bun.zstdCompressSync(tar) };
  const parcel = {
    name: "libx.so",
    form: "zstd",
    to: "tree/.gpu/cuda/libx.so",
    sha256: hashOf(library),
  } as const;
  yield { parcel, bytes: Bun.zstdCompressSync(library) };
}

beforeAll(async () => {
  await cut(contents(), out, { most, commit: "abc" });
});

/** Carries one piece into another folder, and takes it in there. */
async function carry(name: string, target: string): Promise<Readonly<{ code: number; says: string }>> {
  const carried = join(folder, "carried");
  rmSync(carried, { recursive: true, force: true });
  cpSync(join(out, name), carried, { recursive: true });
  const child = Bun.spawn(["sh", join(carried, "unpack.sh"), target], { stdout: "pipe", stderr: "pipe" });
  const [says, also] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code: child.exitCode ?? -1, says: says + also };
}

const pieces = (): readonly string[] => readdirSync(out).toSorted();

test("no piece is larger than was asked for, and each has with it what joins them", () => {
  expect(pieces().length).toBeGreaterThan(2);
  for (const name of pieces()) {
    expect(statSync(join(out, name, `${name}.piece`)).size).toBeLessThanOrEqual(most);
    expect(readdirSync(join(out, name)).toSorted()).toEqual(
      [
        "bun.sha256",
        "pack.json",
        "packed.ts",
        "pieces.sha256",
        "unpack.sh",
        "unpack.ts",
        `${name}.piece`,
      ].toSorted(),
    );
  }
});

test("pieces come one at a time in any order; with the last one all is there, and the same again changes nothing", async () => {
  const target = join(folder, "one by one");
  const order = pieces().toReversed();
  for (const name of order.slice(0, -1)) {
    const { code, says } = await carry(name, target);
    expect([code, says.startsWith("Still to come:")]).toEqual([3, true]);
  }
  const last = await carry(order.at(-1) ?? "", target);
  expect(last.code).toBe(0);
  expect(last.says).toContain("libx.so: unpacked");
  expect(new Uint8Array(readFileSync(join(target, "tree/.gpu/cuda/libx.so")))).toEqual(library);
  expect(statSync(join(target, "tree/scripts/a.sh")).mode & 0o111).toBe(0o111);
  const again = await carry(order[0] ?? "", target);
  expect(again.code).toBe(0);
  expect(again.says).toContain("libx.so: there already");
  writeFileSync(join(target, "tree/.gpu/cuda/libx.so"), "half");
  expect((await carry(order[0] ?? "", target)).says).toContain("libx.so: unpacked");
});

test("a damaged piece is refused by its name and not kept, and the others stay", async () => {
  const target = join(folder, "damaged");
  const [first = "", second = ""] = pieces();
  await carry(first, target);
  const path = join(out, second, `${second}.piece`);
  const whole = readFileSync(path);
  writeFileSync(
    path,
    whole.map((value, at) => (at === 100 ? value ^ 1 : value)),
  );
  const { code, says } = await carry(second, target);
  writeFileSync(path, whole);
  expect(code).toBe(1);
  expect(says).toContain(`${second}.piece is damaged`);
  expect(existsSync(join(target, "pieces", `${second}.piece`))).toBe(false);
  expect(existsSync(join(target, "pieces", `${first}.piece`))).toBe(true);
  for (const name of pieces().slice(1, -1)) expect((await carry(name, target)).code).toBe(3);
  expect((await carry(pieces().at(-1) ?? "", target)).code).toBe(0);
});

test("pieces of another pack make room for the new one's", async () => {
  const target = join(folder, "another");
  mkdirSync(join(target, "pieces"), { recursive: true });
  writeFileSync(join(target, "pieces/pieces.sha256"), "0  09.piece\n");
  writeFileSync(join(target, "pieces/09.piece"), "old");
  const { says } = await carry(pieces()[0] ?? "", target);
  expect(says).toContain("another pack");
  expect(existsSync(join(target, "pieces/09.piece"))).toBe(false);
});

test("of a folder or a wheel only shared libraries are carried, and with torch there only ONNX Runtime's own", async () => {
  const set = join(folder, "set");
  mkdirSync(join(set, "nvidia/cublas/lib"), { recursive: true });
  mkdirSync(join(set, "nvidia/cublas/include"), { recursive: true });
  for (const name of [
    "libcublas.so.13",
    "libonnxruntime_providers_cuda.so",
    "libcublas.a",
    "cublas.h",
    "notes.txt",
  ])
    writeFileSync(join(set, name), name);
  writeFileSync(join(set, "nvidia/cublas/lib/libcublas.so.13"), "from a wheel");
  writeFileSync(join(set, "nvidia/cublas/include/libnot.so.1"), "not a library");
  const names = librariesOf(set).map(({ name }) => name);
  expect(names.toSorted()).toEqual(["libcublas.so.13", "libonnxruntime_providers_cuda.so"]);
  expect(withoutTorchs(librariesOf(set)).map(({ name }) => name)).toEqual([
    "libonnxruntime_providers_cuda.so",
  ]);
  const wheel = join(folder, "nvidia_cublas-13.whl");
  const { zipSync } = await import("fflate");
  const entries = ["nvidia/cublas/lib/libcublas.so.13", "nvidia/cublas/include/libnot.so.1"];
  writeFileSync(
    wheel,
    zipSync(Object.fromEntries(entries.map((name) => [name, new Uint8Array(readFileSync(join(set, name)))]))),
  );
  const [only, ...others] = librariesOf(wheel);
  expect([only?.name, others]).toEqual(["libcublas.so.13", []]);
  expect(new TextDecoder().decode(only?.read())).toBe("from a wheel");
  const empty = join(folder, "empty");
  mkdirSync(empty);
  expect(() => librariesOf(empty)).toThrow("no shared library");
});
