import { afterAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "#/lib/log.ts";
import { openContext } from "#/pipeline/context.ts";
import { Interruption, Run } from "#/pipeline/run.ts";
import { useTool } from "#/pipeline/use-tool.ts";
import { goldenPath } from "../support/golden.ts";
import { goldenPhoto } from "../support/golden-picture.ts";
import expected from "./foreign/tags.json";

/** Against the reference's rules on the same files (scripts/golden/tags.py): the same text, by the engine's own way. */
const folder = mkdtempSync(join(tmpdir(), "fooocusd-tags-"));
const files = join(folder, "clip_vision");
const stem = join(files, "wd-v1-4-moat-tagger-v2");
mkdirSync(files);
copyFileSync(goldenPath("foreign/tagger.onnx"), `${stem}.onnx`);
copyFileSync(goldenPath("foreign/tagger.csv"), `${stem}.csv`);
const settings = {
  modelRoots: [folder],
  providers: ["cpu"],
  weights: "in-place",
  memoryBudget: 2 ** 30,
  derived: { folder: join(folder, "derived"), budget: 0 },
  threads: 1,
} as const;
const context = await openContext(settings, () => undefined, silentLog, undefined);
afterAll(async () => {
  await context.close();
  rmSync(folder, { recursive: true });
});

const tool = { tool: "describe", as: "tags" } as const;

/** The first columns of a photograph. */
function strip(name: string, width: number) {
  const whole = goldenPhoto(name);
  const rows = Array.from({ length: whole.height }, (_, y) =>
    whole.data.slice(3 * y * whole.width, 3 * (y * whole.width + width)),
  );
  return { width, height: whole.height, data: Uint8Array.from(rows.flatMap((row) => [...row])) };
}

for (const [name, text] of Object.entries(expected))
  test(`the tags of ${name}`, async () => {
    const picture = name.endsWith(".tall") ? strip(name.replace(".tall", ""), 30) : goldenPhoto(name);
    expect(await useTool({ tool, picture }, context, new Run())).toEqual({ tool: "describe", text });
  });

test("a picture of one row is no reason to fail", async () => {
  const picture = { width: 200, height: 1, data: new Uint8Array(600) };
  expect(await useTool({ tool, picture }, context, new Run())).toMatchObject({ tool: "describe" });
});

test("a table of another tagger is refused with both numbers", async () => {
  writeFileSync(`${stem}.csv`, "tag_id,name,category,count\n1,smile,0,3\n2,holo,4,1\n");
  const asked = useTool({ tool, picture: goldenPhoto("flower") }, context, new Run());
  expect(asked).rejects.toThrow("has 34 tags and wd-v1-4-moat-tagger-v2.csv names 2");
  await asked.catch(() => undefined);
  writeFileSync(`${stem}.csv`, "<html>");
  expect(useTool({ tool, picture: goldenPhoto("flower") }, context, new Run())).rejects.toThrow(
    "names no tags",
  );
});

test("what nobody waits for is not begun", async () => {
  const run = new Run();
  run.interrupt("stop");
  const asked = useTool({ tool, picture: goldenPhoto("flower") }, context, run);
  expect(asked).rejects.toBeInstanceOf(Interruption);
});
