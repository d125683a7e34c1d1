import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { encodeImage } from "#/image/encode.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { silentLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { inputPictures } from "#/recipe/input-pictures.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import { folderImages } from "#/stores/images/folder.ts";
import { Webhooks } from "#/tasks/delivery/webhook.ts";
import { takeInputs } from "#/tasks/intake/inputs.ts";
import { loadInputs } from "#/tasks/intake/load-inputs.ts";
import { createLifeCycle } from "#/tasks/life-cycle/create-life-cycle.ts";
import { ToolRuns } from "#/tasks/life-cycle/tool-runs.ts";
import { plainParams } from "../../../support/plain-request.ts";
import { gate, ScriptedEngine } from "../../../support/scripted-engine.ts";
import { soon } from "../../../support/served-bench.ts";
import { smallRecipe } from "../../../support/small-recipe.ts";
import { benchDoors } from "../../../support/task-bench.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-pictures-"));
  folders.push(folder);
  return folder;
}

const patience = () => AbortSignal.timeout(60_000);

/** What such a request becomes once its features are there: the recipe names its pictures, and has an image for each seed. */
function resolved(params: GenerateParams): Resolved {
  const pictures = inputPictures(params);
  const images = smallRecipe.images.flatMap((image) =>
    Array.from({ length: params.image_number }, (_, i) => ({ ...image, seed: BigInt(7 + i) })),
  );
  return {
    recipe: { ...smallRecipe, images, inputs: pictures.map(({ name }) => name) },
    inputFields: pictures.map(({ field }) => field),
    loraFields: [],
    warnings: [],
    written: images.map(() => ({ prompt: "", negativePrompt: "", styles: [] })),
  };
}

/** The tasks with a real history and real folders, in front of an engine that paints. */
async function open(folder: string, engine: ScriptedEngine, decoding = new DecodeGate()) {
  const history = openHistory(join(folder, "db.sqlite3"));
  const images = folderImages(join(folder, "outputs"), join(folder, "inputs"), Math.random);
  const baseUrl = "http://127.0.0.1:7866";
  const limits = { maxBytes: 1e6, milliseconds: 1000, redirects: 0, allowPrivate: false };
  const options = { images, baseUrl, otherBases: [], limits };
  const hooks = { secret: "", asText: false, allowPrivate: false, own: "" };
  const announcer = new Webhooks(history, hooks, Date.now, silentLog);
  const tasks = await createLifeCycle({
    history,
    images,
    engines: [engine],
    announcer,
    closeDelivery: () => announcer.close(),
    log: silentLog,
    decoding,
    now: Date.now,
    baseUrl: () => baseUrl,
    queueLimit: 10,
    passingLimit: 0,
    keyLife: 1000,
    disk: { shortage: () => undefined },
    limits: { days: 0, tasks: 0, pictureBytes: 0 },
    toolRuns: new ToolRuns(10),
    take: async (request: GenerateRequest) => ({
      ...(await takeInputs({ ...plainParams, ...request }, options)),
      recipe: "",
    }),
    resolve: async (params) => resolved(params),
    madeOf: async () => () => "{}",
    loadInputs: (found) => loadInputs(found, { images, decoding }),
    textOf: async () => undefined,
    doors: benchDoors(),
  });
  return { tasks, history, inputs: join(folder, "inputs") };
}

const settled = async ({ tasks }: Awaited<ReturnType<typeof open>>, id: TaskId) => {
  const task = await tasks.settled(id, patience());
  return task?.state.status === "settled" ? task.state : undefined;
};

const pixmapOf = (width: number): Pixmap => ({
  width,
  height: 3,
  data: Uint8Array.from({ length: width * 9 }, (_, i) => (i * 41 + width) % 256),
});
const [photo, guide] = [pixmapOf(5), pixmapOf(7)];
const base64 = async (pixmap: Pixmap): Promise<string> =>
  Buffer.from(await encodeImage(pixmap, "png")).toString("base64");
const request: GenerateRequest = {
  inpaint_input_image: await base64(photo),
  controlnet_image: [{ ...plainParams.controlnet_image[0]!, cn_img: await base64(guide) }],
  outpaint_selections: ["Left"],
  mixing_image_prompt_and_inpaint: true,
  image_number: 2,
};
const pixelsOf = ({ jobs }: ScriptedEngine): readonly (readonly Pixmap[])[] =>
  jobs.map(({ inputs }) => inputs.map(({ data, ...size }) => ({ ...size, data: Uint8Array.from(data) })));

/** A gate that lets nothing through until it is told to: the pictures of a task are being read meanwhile. */
function heldGate() {
  const decoding = new DecodeGate(1);
  const held = gate();
  const passed = decoding.run(1, () => held.passed);
  const reading = () => soon(() => decoding.state.waiting > 0);
  return { decoding, reading, open: () => (held.open(), passed) };
}

test("the very pixels that a client sent arrive with the job, in the order of the recipe's names", async () => {
  const engine = new ScriptedEngine();
  const bench = await open(newFolder(), engine);
  const { id } = await bench.tasks.submit(request);
  expect((await settled(bench, id))?.outcome).toBe("finished");
  expect(pixelsOf(engine)).toEqual([[photo, guide]]);
  expect(engine.jobs[0]?.recipe.inputs).toHaveLength(2);
  await bench.tasks.close(1000);
});

test("the next attempt makes the images that are missing, and each still finds its picture in the same place", async () => {
  const folder = newFolder();
  const stuck = new ScriptedEngine({
    beforeStep: ({ image }) => (image === 1 ? new Promise(() => {}) : undefined),
  });
  const before = await open(folder, stuck);
  const { id } = await before.tasks.submit(request);
  await soon(async () => {
    const state = (await before.tasks.find(id))?.state;
    return state?.status === "running" && state.images.length === 1;
  });
  await before.history.close();

  const engine = new ScriptedEngine();
  const after = await open(folder, engine);
  expect((await settled(after, id))?.images.map(({ index, seed }) => [index, seed])).toEqual([
    [0, "7"],
    [1, "8"],
  ]);
  expect(engine.jobs.map(({ recipe }) => recipe.images.map(({ seed }) => seed))).toEqual([[8n]]);
  expect(engine.jobs[0]?.recipe.inputs).toEqual(stuck.jobs[0]?.recipe.inputs);
  expect(pixelsOf(engine)).toEqual([[photo, guide]]);
  await after.tasks.close(1000);
});

test("a picture that was removed while the task waited ends it with the file's name; the engine is not asked", async () => {
  const engine = new ScriptedEngine();
  const bench = await open(newFolder(), engine);
  await bench.tasks.pause(true);
  const { id } = await bench.tasks.submit(request);
  const next = await bench.tasks.submit({});
  rmSync(bench.inputs, { recursive: true });
  await bench.tasks.pause(false);
  const state = await settled(bench, id);
  expect(state).toMatchObject({ outcome: "failed", error: { code: "unreachable-url" } });
  expect(state?.error?.message).toMatch(
    /^The picture [0-9a-f]{64}\.png of inpaint_input_image is no longer in the inputs folder\./,
  );
  expect((await settled(bench, next.id))?.outcome).toBe("finished");
  expect(engine.jobs.map((job) => job.id)).toEqual([next.id]);
  await bench.tasks.close(1000);
});

test("a stop while the pictures are read is the task's end, without the engine", async () => {
  const engine = new ScriptedEngine();
  const held = heldGate();
  const bench = await open(newFolder(), engine, held.decoding);
  const { id } = await bench.tasks.submit(request);
  await held.reading();
  expect(await bench.tasks.control(id, "stop")).toBe("stopping");
  await held.open();
  expect(await settled(bench, id)).toMatchObject({ outcome: "stopped", images: [] });
  expect(engine.jobs).toEqual([]);
  await bench.tasks.close(1000);
});

test("a skip while the pictures are read is the first image's", async () => {
  const held = heldGate();
  const bench = await open(newFolder(), new ScriptedEngine(), held.decoding);
  const { id } = await bench.tasks.submit(request);
  await held.reading();
  expect(await bench.tasks.control(id, "skip")).toBe("skipping");
  await held.open();
  expect((await settled(bench, id))?.images.map(({ index }) => index)).toEqual([1]);
  await bench.tasks.close(1000);
});

test("a shutdown while the pictures are read hands the task back, and the next start makes it", async () => {
  const folder = newFolder();
  const held = heldGate();
  const refused = new ScriptedEngine();
  const first = await open(folder, refused, held.decoding);
  const { id } = await first.tasks.submit(request);
  await held.reading();
  await first.tasks.close(0);
  await held.open();
  await first.history.close();
  const engine = new ScriptedEngine();
  const second = await open(folder, engine);
  expect((await settled(second, id))?.outcome).toBe("finished");
  expect([refused.jobs, pixelsOf(engine)]).toEqual([[], [[photo, guide]]]);
  await second.tasks.close(1000);
});
