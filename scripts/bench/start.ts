/**
 * How long the binary takes to say its version and to answer its first request, beside a binary of Bun with nothing in it, in
 * turns: `bun scripts/bench/start.ts [ROUNDS] [OTHER BINARIES...]` after `npm run build`. Each run is a process of its own; its cache folder is there
 * already, as after the first start. What is told are medians, and the median of the rounds' ratios.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { freePort } from "../../test/support/free-port.ts";

const rounds = Number(process.argv[2] ?? 15);
const binaries = [join(import.meta.dir, "../../dist/fooocusd"), ...process.argv.slice(3)];
const folder = mkdtempSync(join(tmpdir(), "fooocusd-start-"));
const env = { HOME: folder, PATH: "/usr/bin:/bin", LANG: "C.UTF-8" };

/** Milliseconds of the wall, and of the processor until then. */
type Run = Readonly<{ wall: number; processor: number }>;

/** An executable of Bun's with this program inside. */
async function compiled(name: string, program: string): Promise<string> {
  const [source, out] = [join(folder, `${name}.ts`), join(folder, name)];
  writeFileSync(source, program);
  await Bun.build({
    entrypoints: [source],
    target: "bun",
    compile: { target: "bun-linux-x64", outfile: out },
  });
  return out;
}

/** From the start to the end of a process. */
async function toItsEnd(command: readonly string[]): Promise<Run> {
  const begun = performance.now();
  const child = Bun.spawn([...command], { cwd: folder, env, stdout: "ignore", stderr: "ignore" });
  await child.exited;
  return { wall: performance.now() - begun, processor: processorOf(child) };
}

/** From the start of a server to the first answer; it is asked again and again from the beginning. */
async function toFirstAnswer(command: readonly string[], port: number, path: string): Promise<Run> {
  const begun = performance.now();
  const child = Bun.spawn([...command], { cwd: folder, env, stdout: "ignore", stderr: "ignore" });
  const url = `http://127.0.0.1:${port}${path}`;
  while (
    !(await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error(`${command[0]} ended with ${child.exitCode}`);
    await Bun.sleep(1);
  }
  const wall = performance.now() - begun;
  child.kill("SIGKILL");
  await child.exited;
  return { wall, processor: processorOf(child) };
}

function processorOf(child: Bun.Subprocess): number {
  const used = child.resourceUsage()?.cpuTime.total ?? 0n;
  return Number(used) / 1000;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

mkdirSync(join(folder, "served"));
const nothing = await compiled("nothing", 'console.log("nothing");');
const echo = await compiled(
  "echo",
  'Bun.serve({ hostname: "127.0.0.1", port: Number(process.argv[2]), fetch: () => new Response("ok") });',
);
const measured: Readonly<Record<string, () => Promise<Run>>> = {
  "an empty binary, to its end": () => toItsEnd([nothing]),
  "an empty server, to its first answer": () => {
    const port = freePort();
    return toFirstAnswer([echo, `${port}`], port, "/");
  },
  ...Object.fromEntries(
    binaries.flatMap((binary) => [
      [`${basename(binary)} --version`, () => toItsEnd([binary, "--version"])],
      [
        `${basename(binary)}, to its first answer`,
        () => {
          const port = freePort();
          return toFirstAnswer([binary, "--port", `${port}`, "--also-port", "0"], port, "/ping");
        },
      ],
    ]),
  ),
};
const names = Object.keys(measured);
const runs = new Map(names.map((name) => [name, new Array<Run>()]));
try {
  for (const name of names) await measured[name]?.();
  for (let round = 0; round < rounds; round += 1)
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const run = await measured[name]?.();
      if (run !== undefined) runs.get(name)?.push(run);
    }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const base = (name: string): readonly Run[] =>
  runs.get(
    name.includes("answer") ? "an empty server, to its first answer" : "an empty binary, to its end",
  ) ?? [];
console.log(
  `${rounds} rounds, medians: milliseconds of the wall (the processor), and of the empty one beside it`,
);
for (const name of names) {
  const own = runs.get(name) ?? [];
  const ratio = median(own.map(({ wall }, at) => wall / (base(name)[at]?.wall ?? wall)));
  const [wall, processor] = [median(own.map((run) => run.wall)), median(own.map((run) => run.processor))];
  console.log(
    `${name.padEnd(38)} ${wall.toFixed(0).padStart(5)} (${processor.toFixed(0)})  ${ratio.toFixed(2)}`,
  );
}
