import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Moment, RunNote } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { FullReason } from "#/lib/full-reason.ts";
import { createLog } from "#/lib/log.ts";
import { type EngineContext, openContext } from "#/pipeline/context.ts";
import { generate } from "#/pipeline/generate.ts";
import type { Order } from "#/pipeline/job.ts";
import { Run } from "#/pipeline/run.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { Machine } from "#/runtime/eight-bits-choice.ts";

/** A machine that gains by 8 bits, or does not and says why, whatever the one is that tests run on. */
export const machineOf = (reason?: FullReason): Machine => ({ whyFull: () => async () => reason });

/** An engine of one thread on a checkpoint, with derived files in a folder of their own. */
export type FastEngine = Readonly<{
  context: EngineContext;
  /** Its folder of models. */
  folder: string;
  /** Where its derived files lie. */
  derived: string;
  /** What it has logged. */
  lines: readonly string[];
  close: () => Promise<void>;
}>;

const kinds = ["checkpoints", "loras", "controlnet", "clip_vision", "inpaint", "vae_approx"];

export async function openFast(
  checkpoint: string,
  options: Readonly<{ machine?: Machine; budget?: number; derived?: string }> = {},
): Promise<FastEngine> {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-fast-"));
  for (const kind of kinds) mkdirSync(join(folder, kind));
  symlinkSync(checkpoint, join(folder, "checkpoints/base.safetensors"));
  const { machine = machineOf(), budget = 2 ** 30, derived = join(folder, "derived") } = options;
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => lines.push(line), now: () => new Date(0) });
  const context = await openContext(
    {
      modelRoots: [folder],
      providers: ["cpu"],
      weights: "in-place",
      memoryBudget: 2 ** 30,
      derived: { folder: derived, budget },
      threads: 1,
    },
    () => undefined,
    log,
    { machine },
  );
  const close = async (): Promise<void> => {
    await context.close();
    rmSync(folder, { recursive: true });
  };
  return { context, folder, derived, lines, close };
}

/** What a job gave: its pictures, notes and moments. */
export async function made(
  asked: Recipe | Order,
  context: EngineContext,
  run = new Run(),
  onMoment: (at: Moment) => void = () => undefined,
) {
  const pictures: Pixmap[] = [];
  const notes: RunNote[] = [];
  const moments: Moment[] = [];
  const facts = generate("recipe" in asked ? asked : { recipe: asked, inputs: [] }, context, run);
  for (;;) {
    const next = await facts.next();
    if (next.done === true) return { pictures, notes, moments, outcome: next.value };
    const fact = next.value;
    if (fact.type === "image") pictures.push(fact.image);
    if (fact.type === "note") notes.push(fact.note);
    if (fact.type === "progress") {
      moments.push(fact.at);
      onMoment(fact.at);
    }
  }
}
