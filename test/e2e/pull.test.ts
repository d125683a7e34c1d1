import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningBinary, startBinary } from "../support/binary.ts";
import { type Answer, type Asked, cutOff, fileServer, honest } from "../support/file-server.ts";
import { runBinary } from "../support/run-binary.ts";

setDefaultTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), "fooocusd-pull-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A safetensors file of one tensor. */
function model(fill: number, bytes = 300_000): Uint8Array<ArrayBuffer> {
  const header = Buffer.from(
    JSON.stringify({ a: { dtype: "U8", shape: [bytes], data_offsets: [0, bytes] } }),
  );
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(header.length));
  return new Uint8Array(Buffer.concat([start, header, Buffer.alloc(bytes, fill)]));
}
const small = { overwrite_width: 256, overwrite_height: 256 };
const file = model(1);
const sha256 = createHash("sha256").update(file).digest("hex");

async function pull(
  answer: (asked: Asked, n: number) => Answer,
  ...more: readonly string[]
): Promise<Awaited<ReturnType<typeof runBinary>> & { asked: readonly Asked[]; left: readonly string[] }> {
  const own = mkdtempSync(join(folder, "one-"));
  const server = await fileServer(answer);
  const ran = await runBinary(own, [
    "pull",
    "--kind",
    "loras",
    `${server.url}/my.safetensors?key=secret`,
    ...more,
  ]);
  server.close();
  const loras = join(own, "models/loras");
  return { ...ran, asked: server.asked, left: existsSync(loras) ? readdirSync(loras) : [] };
}

test("a dropped connection is gone on from, and the hash is printed; keys are not", async () => {
  const ran = await pull((one, n) => {
    const answer = honest(file, one, '"a"');
    return n === 0 ? cutOff(answer, 100_000) : answer;
  });
  expect([ran.code, ran.left]).toEqual([0, ["my.safetensors"]]);
  expect(ran.err).toContain(sha256);
  expect(ran.err).toContain("is tried again.");
  expect(ran.err + ran.out).not.toContain("secret");
});

test("wrong bytes and half files are refused and leave nothing", async () => {
  const wrong = await pull((one) => honest(model(2), one, '"a"'), "--sha256", sha256);
  expect([wrong.code, wrong.left]).toEqual([1, []]);
  expect(wrong.err).toContain("SHA-256");
  const half = await pull((one) => honest(file.slice(0, 200_000), one, '"a"'));
  expect([half.code, half.left]).toEqual([1, []]);
  expect(half.err).toContain("is not what was wanted");
});

test("how large a file is is said before it is fetched, and a server that lies about it is not believed", async () => {
  const honestly = await pull((one) => honest(file, one, '"a"'));
  const [size, there] = [
    honestly.err.indexOf("loras/my.safetensors: 300 kB from"),
    honestly.err.indexOf("is there, SHA-256"),
  ];
  expect([honestly.code, size >= 0, there > size]).toEqual([0, true, true]);
  const once = await pull((one, n) => {
    const answer = honest(file, one, '"a"');
    return n > 0 ? answer : { ...answer, headers: { ...answer.headers, "content-length": 310_000 } };
  });
  expect([once.code, once.left, once.err]).toEqual([
    0,
    ["my.safetensors"],
    expect.stringMatching(/ended after \d+ of 310000 bytes|broke/),
  ]);
  expect(once.err).toContain(sha256);
  const huge = await pull((one) => ({
    ...honest(file, one, '"a"'),
    headers: { etag: '"a"', "content-length": 9e15 },
  }));
  expect([huge.code, huge.left, huge.err]).toEqual([1, [], expect.stringContaining("There is no room for")]);
  const unsaid = await pull(() => ({ status: 200, body: file }));
  expect([unsaid.code, unsaid.err]).toEqual([0, expect.stringContaining("nobody says how large, from")]);
});

test("a server that ignores ranges, or has another file by then, is fetched from anew", async () => {
  const ignoring = await pull((one, n) => {
    const whole = honest(file, { ...one, range: undefined }, '"a"');
    return n === 0 ? cutOff(whole, 100_000) : whole;
  });
  expect([ignoring.code, ignoring.asked.map(({ range }) => range !== undefined)]).toEqual([0, [false, true]]);
  expect(ignoring.err).toContain(sha256);
  const changed = await pull((one, n) =>
    n === 0 ? cutOff(honest(model(2), one, '"old"'), 100_000) : honest(file, one, '"new"'),
  );
  expect([changed.code, changed.err]).toEqual([0, expect.stringContaining(sha256)]);
});

test("a signal keeps what is there, exits with 130, and the next run goes on", async () => {
  const own = mkdtempSync(join(folder, "two-"));
  const server = await fileServer((one, n) =>
    n === 0
      ? cutOff(honest(file, one, '"a"'), 100_000)
      : n === 1
        ? { status: 503 }
        : honest(file, one, '"a"'),
  );
  const args = ["pull", "--kind", "loras", `${server.url}/my.safetensors`];
  const { binary } = await import("../support/binary.ts");
  mkdirSync(join(own, "home"));
  const child = Bun.spawn([binary, ...args], { cwd: own, env: { HOME: join(own, "home") }, stderr: "pipe" });
  while (server.asked.length < 2) await Bun.sleep(20);
  child.kill("SIGINT");
  expect(await child.exited).toBe(130);
  expect(readdirSync(join(own, "models/loras")).toSorted()).toEqual([
    "my.safetensors.part",
    "my.safetensors.part.json",
  ]);
  const again = await runBinary(own, args);
  expect(again.code).toBe(0);
  expect(server.asked.at(-1)?.range).toBeGreaterThan(0);
  expect(new Uint8Array(readFileSync(join(own, "models/loras/my.safetensors")))).toEqual(file);
  const there = await runBinary(own, args);
  expect([there.code, there.err.includes("is there")]).toEqual([0, true]);
  server.close();
});

test("a preset of a Fooocus folder brings the addresses of its files; what nobody knows is said", async () => {
  const own = mkdtempSync(join(folder, "three-"));
  const server = await fileServer((one) => honest(file, one, '"a"'));
  mkdirSync(join(own, "fooocus/presets"), { recursive: true });
  const preset = {
    default_model: "mine.safetensors",
    default_loras: [[true, "nobodys.safetensors", 1]],
    checkpoint_downloads: { "mine.safetensors": `${server.url}/mine.safetensors` },
  };
  writeFileSync(join(own, "fooocus/presets/mine.json"), JSON.stringify(preset));
  const ran = await runBinary(own, ["pull", "mine", "--fooocus", "fooocus"]);
  server.close();
  expect(ran.code).toBe(1);
  expect(ran.err).toContain("loras/nobodys.safetensors: nobody here knows");
  expect(readdirSync(join(own, "models/checkpoints"))).toEqual(["mine.safetensors"]);
});

test("a request that names a preset starts the fetching of its files where that is allowed, and is drawn once they are there", async () => {
  const demo = new Uint8Array(
    readFileSync(join(import.meta.dir, "../../models/checkpoints/fooocusd-demo.safetensors")),
  );
  const files = await fileServer((one) => honest(demo, one, '"demo"'));
  const fooocus = mkdtempSync(join(folder, "fooocus-"));
  mkdirSync(join(fooocus, "presets"));
  const preset = {
    default_model: "mine.safetensors",
    checkpoint_downloads: { "mine.safetensors": `${files.url}/mine.safetensors` },
  };
  writeFileSync(join(fooocus, "presets/mine.json"), JSON.stringify(preset));
  const ask = async (server: RunningBinary) => {
    const body = JSON.stringify({ prompt: "a red circle", preset: "mine", overwrite_step: 1, ...small });
    const answer = await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", body });
    return { status: answer.status, text: await answer.text() };
  };
  const strict = await startBinary(["--fooocus", fooocus]);
  try {
    const refused = await ask(strict);
    expect([refused.status, refused.text]).toEqual([
      422,
      expect.stringContaining("fooocusd pull mine fetches it"),
    ]);
    expect(files.asked).toHaveLength(0);
  } finally {
    await strict.close();
  }
  const lenient = await startBinary(["--fooocus", fooocus, "--always-download"]);
  try {
    const refused = await ask(lenient);
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining("it is being fetched")]);
    while (!existsSync(join(lenient.folder, "models/checkpoints/mine.safetensors"))) await Bun.sleep(50);
    expect((await ask(lenient)).status).toBe(200);
    expect(files.asked.filter(({ path }) => path === "/mine.safetensors")).toHaveLength(1);
  } finally {
    await lenient.close();
    files.close();
  }
});
