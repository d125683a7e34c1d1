import { afterAll, expect, test } from "bun:test";
import {
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
import { addWheel, bytesToFetch, openForAdding, refuseWithoutRoom } from "#/native/cuda/add-wheels.ts";
import { cudaPlace, missingWheels, unsoundWheels } from "#/native/cuda/folder.ts";
import type { CudaSet } from "#/native/cuda/set.ts";
import { madeWheels } from "../../../support/made-wheels.ts";
import { smallDisk } from "../../../support/small-disk.ts";

const scratch = mkdtempSync(join(tmpdir(), "fooocusd-add-"));
const disk = smallDisk("1m");
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
  disk.close();
});

const { folder: from, set } = madeWheels(join(scratch, "wheels"));
const [small, large] = set.wheels.map(({ file }) => join(from, file));
const isLinux = process.platform === "linux";

const placeFor = (name: string, own: CudaSet = set) => ({
  folder: join(scratch, name),
  isOwn: true,
  set: own,
});

test.if(isLinux)(
  "the libraries of a wheel are unpacked, under their own names and alone, and a second time left",
  async () => {
    const to = placeFor("first");
    const release = openForAdding(to);
    expect(missingWheels(to.folder, set)).toEqual(set.wheels);
    const told: number[] = [];
    const { wheel, written } = await addWheel(large ?? "", to, { told: (bytes) => void told.push(bytes) });
    expect([wheel, written]).toEqual([set.wheels[1], true] as never);
    expect(told.length).toBeGreaterThan(1);
    expect(told.at(-1)).toBe(6_000_001);
    expect(readdirSync(to.folder).sort()).toEqual([".adding", "libmade1.so.13", "libmore1.so"]);
    expect(await unsoundWheels(to.folder, set)).toEqual(set.wheels.slice(0, 1));
    expect((await addWheel(large ?? "", to)).written).toBe(false);
    release();
  },
);

test.if(isLinux)("a library that is damaged, and keeps its size, is found and written anew", async () => {
  const to = placeFor("damaged");
  openForAdding(to)();
  await addWheel(small ?? "", to);
  const file = join(to.folder, "libmade0.so.13");
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0, 100, 200));
  expect(missingWheels(to.folder, set)).toHaveLength(1);
  expect(await unsoundWheels(to.folder, set)).toHaveLength(2);
  expect((await addWheel(small ?? "", to)).written).toBe(true);
  expect(await unsoundWheels(to.folder, set)).toHaveLength(1);
});

test.if(isLinux)(
  "a wheel is known by its hash, whatever it is called; others are refused with what was expected",
  async () => {
    const to = placeFor("refused");
    openForAdding(to)();
    const renamed = join(scratch, "renamed.zip");
    writeFileSync(renamed, readFileSync(small ?? ""));
    expect((await addWheel(renamed, to)).written).toBe(true);

    const put = (name: string, change: (bytes: Buffer) => Buffer): string => {
      const path = join(scratch, name);
      writeFileSync(path, change(readFileSync(large ?? "")));
      return path;
    };
    const whole = set.wheels[1];
    const other = put("made_up_1-2.0-py3-none-any.whl", (bytes) => bytes);
    writeFileSync(other, "another version");
    await expect(addWheel(other, to)).rejects.toThrow(
      `${other} is of made_up_1 2.0, and the file that is needed is ${whole?.file}.`,
    );
    const short = put(whole?.file ?? "", (bytes) => bytes.subarray(0, 1000));
    await expect(addWheel(short, to)).rejects.toThrow(
      `${short} has 1000 bytes and should have ${whole?.bytes}: fetch it again.`,
    );
    const changed = put(whole?.file ?? "", (bytes) => bytes.fill(7, 5000, 5100));
    await expect(addWheel(changed, to)).rejects.toThrow(
      /is damaged, or not what it says: its SHA-256 is [0-9a-f]{64} and should be/,
    );
    const stranger = put("stranger.whl", () => Buffer.from("x"));
    await expect(addWheel(stranger, to)).rejects.toThrow(`${stranger} is no wheel that CUDA needs here.`);
  },
);

test.if(isLinux)(
  "an interruption in the middle of a wheel ends it there, and leaves nothing half written",
  async () => {
    const to = placeFor("interrupted");
    openForAdding(to)();
    const stop = new AbortController();
    let told = 0;
    const adding = addWheel(large ?? "", to, {
      told: (bytes) => stop.abort((told = bytes)),
      signal: stop.signal,
    });
    await expect(adding).rejects.toBeDefined();
    expect(told).toBeLessThan(6_000_001);
    expect(readdirSync(to.folder)).toEqual([".adding"]);
  },
);

test.if(isLinux)(
  "what an earlier command fetched of a wheel goes with it from our folder, and stays in one that somebody named",
  async () => {
    const file = set.wheels[0]?.file ?? "";
    const left = async (isOwn: boolean): Promise<string[]> => {
      const to = { ...placeFor(`left-${isOwn}`), isOwn };
      openForAdding(to)();
      for (const name of [file, `${file}.part`, `${file}.part.json`, "other.whl"])
        writeFileSync(join(to.folder, name), "x");
      await addWheel(small ?? "", to);
      return readdirSync(to.folder).filter((name) => name.includes(".whl"));
    };
    expect(await left(true)).toEqual(["other.whl"]);
    expect((await left(false)).sort()).toEqual(
      [file, `${file}.part`, `${file}.part.json`, "other.whl"].sort(),
    );
  },
);

test("fetching takes all libraries and the one wheel beside them, less what lies there", () => {
  const folder = join(scratch, "to-fetch");
  mkdirSync(folder);
  const [first, second] = set.wheels;
  if (first === undefined || second === undefined) throw new Error("no wheels");
  expect(bytesToFetch(folder, [second])).toBe(6_000_001 + second.bytes);
  expect(bytesToFetch(folder, set.wheels)).toBe(100_001 + 6_000_001 + second.bytes);
  // The largest first: its wheel is gone when the small one comes.
  const behind = Math.max(6_000_001 + second.bytes, 6_000_001 + 100_001 + first.bytes);
  expect(bytesToFetch(folder, [second, first])).toBe(behind);
  writeFileSync(join(folder, `${second.file}.part`), new Uint8Array(1000));
  expect(bytesToFetch(folder, [second])).toBe(6_000_001 + second.bytes - 1000);
  expect(bytesToFetch(folder, [])).toBe(0);
});

test.if(isLinux)("a wheel that does not hold what the table says leaves nothing", async () => {
  const wheels = set.wheels.map((wheel) => ({
    ...wheel,
    libraries: wheel.libraries.map((library, index) =>
      index === 0 ? library : { ...library, sha256: "0".repeat(64) },
    ),
  }));
  const to = placeFor("other-table", { ...set, wheels });
  openForAdding(to)();
  await expect(addWheel(small ?? "", to)).rejects.toThrow(
    "lib/libmore0.so is not what it should be: its SHA-256 is",
  );
  // The one that is what it should be may stay: nothing asks for it before all are there.
  expect(
    readdirSync(to.folder).filter((name) => name.endsWith(".part") || name.startsWith("libmore")),
  ).toEqual([]);

  const [first] = set.wheels;
  if (first === undefined) throw new Error("no wheel");
  const lacking = { ...first, libraries: [{ path: "lib/libabsent.so", bytes: 1, sha256: "" }] };
  const without = placeFor("lacking", { ...set, wheels: [lacking] });
  openForAdding(without)();
  await expect(addWheel(small ?? "", without)).rejects.toThrow("holds no lib/libabsent.so");
});

test.if(isLinux)(
  "two commands do not add at once, and what one that was killed left half written goes",
  async () => {
    const to = placeFor("both");
    const adding = join(import.meta.dir, "../../../support/adding-child.ts");
    const child = Bun.spawn([process.execPath, adding, to.folder, large ?? "", JSON.stringify(set)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const reader = child.stdout.getReader();
    await reader.read();
    expect(() => openForAdding(to)).toThrow(
      `Another command is adding to ${to.folder}; wait for it, or stop it.`,
    );
    child.kill("SIGKILL");
    await child.exited;
    expect(readdirSync(to.folder)).toContain("libmade1.so.13.part");
    const release = openForAdding(to);
    expect(readdirSync(to.folder)).toEqual([".adding"]);
    expect((await addWheel(large ?? "", to)).written).toBe(true);
    release();
  },
);

test.if(isLinux && disk.mounted)(
  `a disk without room is told with both numbers, and goes on when there is some${disk.why}`,
  async () => {
    const to = { folder: join(disk.folder, "cuda"), isOwn: true, set };
    openForAdding(to)();
    await expect(addWheel(large ?? "", to)).rejects.toThrow(
      /^There is no room in .*: 6 MB are to come, and 1\.0\d MB are free\. Make room, or name another folder with --cuda-libraries\.$/,
    );
    expect(() => refuseWithoutRoom(join(scratch, "not/there/yet"), 1)).not.toThrow();
  },
);

test.if(isLinux && disk.mounted)(
  `a disk that gets full meanwhile leaves nothing half written${disk.why}`,
  async () => {
    const folder = join(disk.folder, "full");
    mkdirSync(folder);
    const { unpackWheel } = await import("#/native/cuda/wheel.ts");
    const [, wheel] = set.wheels;
    if (wheel === undefined) throw new Error("no wheel");
    await expect(unpackWheel(large ?? "", wheel, folder)).rejects.toMatchObject({
      code: "storage-failed",
      message: expect.stringContaining("the same command goes on"),
    });
    expect(readdirSync(folder)).toEqual([]);
  },
);

test.if(isLinux)("what is for everybody can be read by everybody, and what is ours by us", async () => {
  const modes = async (isOwn: boolean): Promise<string> => {
    const to = { ...placeFor(`mode-${isOwn}`), isOwn };
    openForAdding(to)();
    await addWheel(small ?? "", to);
    return [to.folder, join(to.folder, "libmore0.so")]
      .map((path) => (statSync(path).mode & 0o777).toString(8))
      .join();
  };
  expect([await modes(true), await modes(false)]).toEqual(["700,600", "755,644"]);
});

test("each version of the set has a folder of its own, unless another one is named", () => {
  expect(cudaPlace("", set, "/cache")).toEqual({ folder: "/cache/cuda-1.30.0-13", isOwn: true });
  expect(cudaPlace("/opt/cuda", set, "/cache")).toEqual({ folder: "/opt/cuda", isOwn: false });
  // A name without a slash the linker would look for on the system.
  expect(cudaPlace(".", set, "/cache")).toEqual({ folder: process.cwd(), isOwn: false });
  expect(existsSync("/opt/cuda/.adding")).toBe(false);
});
