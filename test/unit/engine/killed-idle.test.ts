import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processChannel } from "#/engine/channel.ts";
import { EngineHost } from "#/engine/host.ts";
import type { EngineEvent, EngineSettings } from "#/engine/protocol.ts";
import { newTaskId } from "#/lib/task-id.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

const child = join(import.meta.dir, "../../support/inputs-child.ts");
const folder = mkdtempSync(join(tmpdir(), "fooocusd-killed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const settings: EngineSettings = {
  modelRoots: [],
  providers: ["cpu"],
  weights: "in-place",
  memoryBudget: 0,
  derived: { folder: "", budget: 0 },
  threads: 1,
};

test("an engine's process that is killed while it is idle costs the job that comes right behind nothing", async () => {
  const pid = join(folder, "pid");
  const command = ["sh", "-c", `echo $$ > ${pid}; exec "$@"`, "sh", process.execPath, child];
  const engine = new EngineHost(settings, () => processChannel(command));
  const picture = { width: 2, height: 1, data: new Uint8Array(6) };
  const recipe = { ...smallRecipe, inputs: ["a.png"] };
  const job = async (): Promise<EngineEvent | undefined> =>
    (await Array.fromAsync(engine.run({ type: "generate", id: newTaskId(), recipe, inputs: [picture] }))).at(
      -1,
    );
  const finished = { type: "settled", outcome: { status: "finished" } };
  expect(await job()).toMatchObject(finished);
  // Its end is heard now before the job comes, now behind it.
  for (const milliseconds of [0, 0, 1, 2, 5]) {
    process.kill(Number(readFileSync(pid, "utf8")), "SIGKILL");
    if (milliseconds > 0) await Bun.sleep(milliseconds);
    expect(await job()).toMatchObject(finished);
  }
  await engine.close();
}, 60_000);
