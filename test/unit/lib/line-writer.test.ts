import { afterAll, expect, test } from "bun:test";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LineWriter } from "#/lib/line-writer.ts";
import { smallDisk } from "../../support/small-disk.ts";

/** A pipe with a name, open at both ends. */
function pipe() {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-pipe-"));
  const path = join(folder, "pipe");
  Bun.spawnSync(["mkfifo", path]);
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = openSync(path, "w");
  /** All that lies in it now. */
  const read = (): string => {
    let text = "";
    const bytes = new Uint8Array(65_536);
    for (;;) {
      try {
        const size = readSync(reading, bytes);
        if (size === 0) return text;
        text += Buffer.from(bytes.subarray(0, size)).toString();
      } catch {
        return text;
      }
    }
  };
  const close = (): void => {
    closeSync(writing);
    rmSync(folder, { recursive: true });
  };
  return { writing, read, leave: () => closeSync(reading), close };
}

test("a line for a reader that went away is dropped, and nothing is thrown", () => {
  const { writing, read, leave, close } = pipe();
  const writer = new LineWriter(writing);
  writer.write("one");
  expect(read()).toBe("one\n");
  leave();
  for (let n = 0; n < 1000; n += 1) writer.write("x".repeat(1000));
  close();
});

test("a line for a full disk or a closed file is dropped, and nothing is thrown", () => {
  const full = openSync("/dev/full", "w");
  new LineWriter(full).write("one");
  closeSync(full);
  new LineWriter(full).write("two");
});

const disk = smallDisk("16k");
afterAll(() => disk.close());

test.skipIf(!disk.mounted)(
  `a line that a full disk cut short does not swallow the next one${disk.why}`,
  async () => {
    const path = join(disk.folder, "log");
    const log = openSync(path, "a");
    const writer = new LineWriter(log);
    const filler = disk.fill();
    rmSync(filler);
    writeFileSync(filler, new Uint8Array(8192));
    const line = "x".repeat(99);
    for (let n = 0; n < 200; n += 1) writer.write(line);
    await Bun.sleep(300);
    rmSync(filler);
    writer.write("there is room again");
    writer.write("and more");
    await Bun.sleep(300);
    closeSync(log);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const cut = lines.filter((one) => one !== line);
    expect(cut.length).toBe(3);
    expect([cut[0]?.replaceAll("x", ""), ...cut.slice(1)]).toEqual(["", "there is room again", "and more"]);
  },
);

test("a reader that stops reading is not waited for; it gets what it missed, and is told of what was too much", async () => {
  const { writing, read, leave, close } = pipe();
  const writer = new LineWriter(writing);
  const line = (n: number): string => `${String(n).padStart(6, "0")} ${"x".repeat(992)}`;
  const from = performance.now();
  // More than a pipe and the memory for it hold.
  for (let n = 0; n < 3000; n += 1) writer.write(line(n));
  expect(performance.now() - from).toBeLessThan(60_000);
  let text = "";
  while (!text.includes("were dropped here")) {
    text += read();
    await Bun.sleep(20);
  }
  writer.write("later");
  text += read();
  const lines = text.trimEnd().split("\n");
  const dropped = Number(/^(\d+) lines were dropped here/m.exec(text)?.[1]);
  expect(dropped).toBeGreaterThan(1000);
  expect(lines).toEqual([
    ...Array.from({ length: 3000 - dropped }, (_, n) => line(n)),
    `${dropped} lines were dropped here: nobody read them in time`,
    "later",
  ]);
  leave();
  close();
});

test("very many lines go together, in their order; an end of the process waits for none", async () => {
  const { writing, read, leave, close } = pipe();
  const writer = new LineWriter(writing);
  const line = (n: number): string => `line ${n}`;
  const all = Array.from({ length: 300 }, (_, n) => line(n));
  for (const one of all) writer.write(one);
  const atOnce = read();
  expect(atOnce.split("\n").slice(0, 10)).toEqual(all.slice(0, 10));
  let text = atOnce;
  while (!text.includes("line 299\n")) {
    await Bun.sleep(10);
    text += read();
  }
  expect(text.trimEnd().split("\n")).toEqual(all);
  expect(atOnce.length).toBeLessThan(text.length);
  leave();
  close();

  const module = join(import.meta.dir, "../../../src/lib/line-writer.ts");
  const program = `const { LineWriter } = await import("${module}"); const writer = new LineWriter(2);
    for (let n = 0; n < 300; n += 1) writer.write("line " + n); process.exit(3);`;
  const { stderr, exitCode } = Bun.spawnSync([process.execPath, "-e", program], { stderr: "pipe" });
  expect(exitCode).toBe(3);
  expect(stderr.toString().trimEnd().split("\n")).toEqual(all);
});
