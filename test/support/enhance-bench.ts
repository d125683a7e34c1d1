import { copyFileSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GenerateParams } from "#/api/generate.ts";
import type { EngineEvent, LoadedModel, Outcome } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { silentLog } from "#/lib/log.ts";
import { openContext } from "#/pipeline/context.ts";
import { type Fact, generate } from "#/pipeline/generate.ts";
import { Run } from "#/pipeline/run.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import { type Resolved, resolveRecipe } from "#/recipe/resolve.ts";
import { goldenPath, tinyCheckpoint } from "./golden.ts";
import { plainParams, plainWorld } from "./plain-request.ts";
import { safetyShapes, safetyTiny } from "./safety-layout.ts";
import { stored, writeTensors } from "./write-safetensors.ts";

/** The name by which safety checkers are found. */
const safetyFile = "model.safetensors";

/**
 * Folder of models with the tiny checkpoint, a matte network that finds something in most pictures, one that finds nothing, and a
 * safety checker that takes every picture for what it looks for.
 */
export async function enhanceModels(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-enhance-"));
  for (const kind of ["checkpoints", "inpaint", "safety_checker"]) mkdirSync(join(folder, kind));
  writeStrict(join(folder, "safety_checker", safetyFile));
  symlinkSync(await tinyCheckpoint(), join(folder, "checkpoints/base.safetensors"));
  copyFileSync(goldenPath("foreign/u2net.onnx"), join(folder, "inpaint/u2net.onnx"));
  copyFileSync(goldenPath("foreign/isnet-anime.onnx"), join(folder, "inpaint/isnet-anime.onnx"));
  copyFileSync(goldenPath("foreign/flat.onnx"), join(folder, "inpaint/silueta.onnx"));
  return folder;
}

/** A safety checker whose thresholds are below all cosines. */
function writeStrict(path: string): void {
  const tensors = [...safetyShapes(safetyTiny)].map(([name, shape]) => {
    const count = shape.reduce((product, n) => product * n, 1);
    const isThreshold = name.endsWith("embeds_weights");
    const values = Array.from({ length: count }, (_, i) => (isThreshold ? -2 : Math.sin(1 + i)));
    return [name, stored("F32", shape, values)] as const;
  });
  writeTensors(path, Object.fromEntries(tensors));
}

/** A small request on it, resolved; the checkpoint draws best at 64 pixels, so that no test takes long. */
export const enhanced = (said: Partial<GenerateParams>, size = { width: 64, height: 64 }): Resolved =>
  resolveRecipe(
    {
      ...plainParams,
      prompt: "a cat",
      overwrite_step: 1,
      guidance_scale: 1,
      overwrite_width: 64,
      overwrite_height: 64,
      enhance_checkbox: true,
      disable_preview: true,
      ...said,
    },
    {
      ...plainWorld,
      sidecar: () => ({ size_number: 64 }),
      safetyFile,
      mattes: ["u2net", "silueta", "isnet-anime"],
      upscalers: { files: [], rule: { named: "", without: "lanczos" } },
      pictureSize: () => size,
    },
  );

/** What became of a job: all that it told, its images, and which networks were open. */
export type Enhanced = Readonly<{
  facts: readonly Fact[];
  images: readonly Extract<Fact, { type: "image" }>[];
  outcome: Outcome;
  open: readonly (readonly LoadedModel[])[];
}>;

/**
 * Runs a job with real networks.
 *
 * @param on hears every fact, and may ask for its end or a skip
 */
export async function enhance(
  folder: string,
  recipe: Recipe,
  inputs: readonly Pixmap[] = [],
  { on = () => undefined, budget = 2 ** 30 }: { on?: (fact: Fact, run: Run) => void; budget?: number } = {},
): Promise<Enhanced> {
  const open: (readonly LoadedModel[])[] = [];
  const send = (event: EngineEvent): void => {
    if (event.type === "loaded") open.push(event.models);
  };
  const context = await openContext(
    {
      modelRoots: [folder],
      memoryBudget: budget,
      derived: { folder: join(folder, "derived"), budget: 0 },
      threads: 1,
      providers: ["cpu"],
      weights: "in-place",
    },
    send,
    silentLog,
    undefined,
  );
  const run = new Run();
  const facts: Fact[] = [];
  try {
    const going = generate({ recipe, inputs }, context, run);
    for (;;) {
      const next = await going.next();
      if (next.done === true) {
        const images = facts.flatMap((fact) => (fact.type === "image" ? [fact] : []));
        return { facts, images, outcome: next.value, open };
      }
      facts.push(next.value);
      on(next.value, run);
    }
  } finally {
    await context.close();
  }
}

/** A picture with something in it. */
export function drawnPicture(width: number, height: number): Pixmap {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const isInside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (width / 5) ** 2;
      data.set(isInside ? [230, 60, 40] : [(200 * x) / width, (200 * y) / height, 90], 3 * (y * width + x));
    }
  return { width, height, data };
}
