/**
 * What hostile inputs cost, as ratios to small inputs of the same kind: processor time and memory of prompts, bodies and
 * pictures that once took minutes or gigabytes.
 *
 *     bun scripts/bench/hostile-inputs.ts [--only WORD]
 *
 * Each input is worked on in a process of its own, after the small one has warmed it up; memory is what the process holds
 * at its highest beyond what it held then. Processor time is the median of five rounds of the small one, one of the large.
 * Nothing here needs a model or the network.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { deflateSync } from "node:zlib";
import { CommonRequest } from "#/api/generate.ts";
import { readBody, readJson } from "#/api/read.ts";
import { refusalBody } from "#/doors/fooocus-api/refusal-body.ts";
import { decodeImage } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { encodeImage } from "#/image/encode.ts";
import { pngChunk } from "#/image/png-text.ts";
import { readEmbeddedText } from "#/image/read-embedded-text.ts";
import { silentLog } from "#/lib/log.ts";
import { parseEmphasis } from "#/pipeline/text/emphasis.ts";
import { sectionsOf } from "#/pipeline/text/sections.ts";
import { createTokenizer } from "#/pipeline/text/tokenizer.ts";
import { resolveRecipe, type World } from "#/recipe/resolve.ts";
import { errorReply } from "#/routes/http/errors.ts";
import { plainParams, plainWorld } from "../../test/support/plain-request.ts";

/** An input of some size, and what is done with it; what it throws is part of the work. */
type Case = Readonly<{
  name: string;
  /** Sizes of the small and of the large input, in `unit`. */
  small: number;
  large: number;
  unit: string;
  /** @returns the work, prepared outside the measurement */
  prepare: (size: number) => Promise<() => unknown> | (() => unknown);
}>;

/** What one process measured. */
type Cost = Readonly<{ milliseconds: number; megabytes: number; answer: number }>;

const world: World = {
  ...plainWorld,
  wildcards: (name) => (name === "color" ? ["red", "green"] : undefined),
};
const submit = (prompt: string): unknown => resolveRecipe({ ...plainParams, prompt }, world);

const letters = (length: number): string =>
  Array.from({ length }, (_, i) => String.fromCharCode(97 + ((i * 7919) % 26))).join("");
const words = (length: number): string => letters(length).replace(/(.{5})./g, "$1 ");

/** The prompt at submit, then its sections as the engine makes them. */
const drawn = (text: (size: number) => string) => (size: number) => {
  const [prompt, tokenizer] = [text(size), createTokenizer()];
  return () => {
    submit(prompt);
    return sectionsOf(prompt, tokenizer).length;
  };
};

/** A body from its bytes to the answer that refuses it. */
const refusedBody = (text: (size: number) => string) => (size: number) => {
  const bytes = new TextEncoder().encode(text(size));
  return async () => {
    try {
      return readBody(CommonRequest, readJson(bytes));
    } catch (thrown) {
      return (await errorReply(thrown, silentLog, { refusalBody }).text()).length;
    }
  };
};

/** A PNG that says it has so many pixels on a side and holds one. */
function claiming(side: number, chunks: readonly Uint8Array[] = []): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    pngChunk("IHDR", header),
    ...chunks,
    pngChunk("IDAT", deflateSync(Uint8Array.of(0, 90))),
    pngChunk("IEND", new Uint8Array()),
  ]);
}
const packedText = (length: number): Uint8Array =>
  pngChunk("zTXt", Buffer.concat([Buffer.from("a\0\0"), deflateSync(new Uint8Array(length))]));

const mebibyte = 1024 ** 2;
const cases: readonly Case[] = [
  { name: "prompt: one word", unit: "letters", small: 1000, large: 16_000, prepare: drawn(letters) },
  { name: "prompt: words", unit: "letters", small: 10_000, large: 200_000, prepare: drawn(words) },
  {
    name: "prompt: nested brackets, cut",
    unit: "brackets",
    small: 1000,
    large: 20_000,
    prepare: (size) => {
      const text = `${"(".repeat(size)}a${")".repeat(size)}`;
      return () => parseEmphasis(text).length;
    },
  },
  {
    name: "prompt: nested brackets, refused",
    unit: "brackets",
    small: 1000,
    large: 20_000,
    prepare: (size) => {
      const text = `${"(".repeat(size)}a${")".repeat(size)}`;
      return () => submit(text);
    },
  },
  {
    name: "body: `[[],[],…`",
    unit: "bytes",
    small: 200_000,
    large: 20_000_000,
    prepare: refusedBody((size) => `[${"[],".repeat(size / 3)}[]]`),
  },
  {
    name: "body: one text of escapes",
    unit: "bytes",
    small: 200_000,
    large: 20_000_000,
    prepare: refusedBody((size) => `{"image_number":"${"\\n".repeat(size / 2)}"}`),
  },
  {
    name: "body: a list of slots without fields",
    unit: "items",
    small: 50,
    large: 50_000,
    prepare: refusedBody((size) => `{"loras":[${"{},".repeat(size - 1)}{}]}`),
  },
  {
    name: "picture: a PNG that claims sides, refused",
    unit: "pixels a side",
    small: 10_001,
    large: 2_000_000_000,
    prepare: (size) => {
      const bytes = claiming(size);
      return () => decodeImage(bytes, "image");
    },
  },
  {
    name: "picture: a PNG's packed text",
    unit: "bytes unpacked",
    small: mebibyte,
    large: 256 * mebibyte,
    prepare: (size) => {
      const bytes = claiming(1, [packedText(size)]);
      return () => readEmbeddedText(bytes);
    },
  },
  {
    name: "pictures of 4 megapixels at once",
    unit: "pictures",
    small: 1,
    large: 64,
    prepare: async (size) => {
      const side = 2048;
      const bytes = await encodeImage(
        { width: side, height: side, data: new Uint8Array(side * side * 3) },
        "png",
      );
      const gate = new DecodeGate();
      return () =>
        Promise.all(
          Array.from({ length: size }, async () => (await decodeImage(bytes, "image", gate)).width),
        );
    },
  },
];

const rounds = 5;

async function measure({ prepare, small }: Case, size: number): Promise<Cost> {
  const warm = await prepare(small);
  const end = performance.now() + 300;
  while (performance.now() < end) await settled(warm);
  const work = await prepare(size);
  Bun.gc(true);
  const before = highest();
  const times: number[] = [];
  let answer = 0;
  for (let round = 0; round < (size === small ? rounds : 1); round += 1) {
    const from = process.cpuUsage();
    const result = await settled(work);
    const { user, system } = process.cpuUsage(from);
    times.push((user + system) / 1000);
    answer = typeof result === "number" ? result : 0;
  }
  const milliseconds = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  return { milliseconds, megabytes: (highest() - before) / mebibyte, answer };
}

async function settled(work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

/** The most this process has held so far, bytes. */
const highest = (): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;

async function inOwnProcess(name: string, size: number): Promise<Cost> {
  const child = Bun.spawn([process.execPath, import.meta.path, "--child", name, "--size", String(size)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return JSON.parse(await new Response(child.stdout).text()) as Cost;
}

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    /** Internal: measure this case at this size. */
    child: { type: "string" },
    size: { type: "string", default: "0" },
  },
});

const asked = cases.find(({ name }) => name === values.child);
if (asked !== undefined) console.log(JSON.stringify(await measure(asked, Number(values.size))));
else {
  console.log("| input | small | large | times as large | processor time, ms | ratio | memory, MB |");
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  for (const { name, small, large, unit } of cases.filter((one) => one.name.includes(values.only))) {
    const [one, other] = [await inOwnProcess(name, small), await inOwnProcess(name, large)];
    const ratio = other.milliseconds / Math.max(0.01, one.milliseconds);
    const cells = [
      name,
      `${small} ${unit}`,
      String(large),
      (large / small).toFixed(0),
      `${one.milliseconds.toFixed(2)}, ${other.milliseconds.toFixed(2)}`,
      ratio.toFixed(1),
      `${one.megabytes.toFixed(0)}, ${other.megabytes.toFixed(0)}`,
    ];
    console.log(`| ${cells.join(" | ")} |`);
    if (name.startsWith("body")) console.log(`<!-- bytes of the answers: ${one.answer}, ${other.answer} -->`);
  }
}
