/**
 * What the first picture of a checkpoint takes more than a later one, through the server: after a cold start with the file out of the page cache, at
 * a switch to another checkpoint that is not in it either, and at a switch back to one that is. 512 x 512, two steps, a prompt that is new each time.
 * `bun scripts/bench/full-size/first-picture.ts FOLDER [binary] [--rounds N] [--steps N] [--flag VALUE ...]`; two checkpoints of 7 GB, written if they
 * are not there, and kept.
 * Tells seconds by the clock and of the server's processor, and the difference to a later picture in that picture's steps.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { dropFromCache } from "../../../test/support/page-cache.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { follow, opened, type Server, seconds, start } from "./through-server.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "1" },
    steps: { type: "string", default: "2" },
    flag: { type: "string", multiple: true, default: [] },
  },
});
const [folder = ".", binary] = positionals;
const names = ["synthetic-sdxl-base.safetensors", "synthetic-sdxl-other.safetensors"] as const;
const paths = names.map((name) => join(resolve(folder), "models/checkpoints", name));

/** Seconds of the processor that a server and the engine in it have taken. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function picture(server: Server, name: string, prompt: string) {
  const before = processorSeconds(server.pid);
  const from = Date.now();
  const lines = server.lines().length;
  const steps = Number(values.steps);
  const { reached, at, data } = await follow(server.url, {
    base_model_name: name,
    overwrite_step: steps,
    prompt,
  });
  if (data["status"] !== "finished") throw new Error(JSON.stringify(data));
  const [first, last] = [reached.get("step 1"), reached.get(`step ${steps}`)];
  return {
    wall: seconds(from, at),
    processor: processorSeconds(server.pid) - before,
    // The first is told when the one before it was made.
    step: seconds(first, last) / (steps - 1),
    moments: Object.fromEntries([...reached].map(([moment, when]) => [moment, seconds(from, when)])),
    opened: opened(server.lines().slice(lines)),
  };
}

mkdirSync(join(paths[0] ?? "", ".."), { recursive: true });
if (!existsSync(paths[0] ?? "")) writeCheckpoint(paths[0] ?? "");
if (!existsSync(paths[1] ?? "")) copyFileSync(paths[0] ?? "", paths[1] ?? "");
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const path of paths) dropFromCache(path);
  const server = await start({ folder, binary, flags: ["--isolation", "thread", ...values.flag] });
  try {
    const made: Record<string, Awaited<ReturnType<typeof picture>>> = {};
    const kinds = ["cold", "later", "switched, cold", "later again", "switched back, warm", "last"] as const;
    for (const [at, kind] of kinds.entries())
      made[kind] = await picture(server, names[Math.floor(at / 2) % 2] ?? "", `a lighthouse, number ${at}`);
    process.stdout.write(`${JSON.stringify(made, undefined, 1)}\n`);
    for (const [kind, beside] of [
      ["cold", "later"],
      ["switched, cold", "later again"],
      ["switched back, warm", "last"],
    ] as const) {
      const [one, other] = [made[kind], made[beside]];
      if (one === undefined || other === undefined) continue;
      const more = one.wall - other.wall;
      process.stdout.write(
        `${kind}: ${one.wall.toFixed(1)} s, later ${other.wall.toFixed(1)} s, ratio ${(one.wall / other.wall).toFixed(2)}; ` +
          `${more.toFixed(1)} s more, ${(more / other.step).toFixed(2)} steps of ${other.step.toFixed(1)} s; ` +
          `processor ${one.processor.toFixed(1)} and ${other.processor.toFixed(1)} s\n`,
      );
    }
  } finally {
    await server.end();
  }
}
