import type { GenerateParams } from "#/api/generate.ts";
import type { EngineEvent, Outcome, TaskId } from "#/engine/protocol.ts";
import { encodeImage, encodePreview, formatNames } from "#/image/encode.ts";
import { imageGrid } from "#/image/grid.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { toWireError } from "#/lib/errors.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import type { Settlement } from "#/stores/history.ts";
import type { TaskHappening } from "./events.ts";
import { type JobOutline, openingReports, type Report, reportsAt, savingReport } from "./progress.ts";
import type { TaskServiceParts } from "./service.ts";
import type { Preview, Task, TaskImage, TaskState } from "./task.ts";

type ImageEvent = Extract<EngineEvent, { type: "image" }>;
type End = Omit<Settlement, "finishedAt" | "startedAt">;

/** Where a run reports to. */
export type RunReader = Readonly<{
  update: (state: TaskState) => void;
  tell: (happening: TaskHappening) => void;
}>;

/** One attempt at a task: engine events become progress, files and rows. */
export class TaskRun {
  readonly id: TaskId;
  readonly #task: Task;
  readonly #parts: TaskServiceParts;
  readonly #reader: RunReader;
  readonly #made: Pixmap[] = [];
  #images: readonly TaskImage[] = [];
  #percent = 0;
  #abandoned = false;
  #firstStepAt: number | undefined;

  constructor(task: Task, parts: TaskServiceParts, reader: RunReader) {
    this.id = task.id;
    this.#task = task;
    this.#parts = parts;
    this.#reader = reader;
  }

  /** Leaves the task as it is: somebody else will run it again. */
  abandon(): void {
    this.#abandoned = true;
  }

  /**
   * Makes the pictures. Those an earlier attempt finished are kept, and only the rest is made.
   *
   * @returns how it ended, or nothing if it was abandoned
   */
  async make(
    params: GenerateParams,
    resolved: Resolved,
    startedAt: number,
    attempt: number,
  ): Promise<End | undefined> {
    this.#images = this.#kept();
    const recipe: Recipe = { ...resolved.recipe, images: resolved.recipe.images.slice(this.#images.length) };
    const outline: JobOutline = {
      performance: params.performance_selection,
      images: resolved.recipe.images.length,
      steps: recipe.steps,
      done: this.#images.length,
    };
    const report = (said: Report, preview: Preview | null = null): void => {
      this.#report(said, preview, outline, startedAt, attempt);
    };
    for (const said of openingReports(outline)) report(said);
    if (recipe.images.length === 0) return this.#end({ status: "finished" });

    const previews = recipe.previews;
    let outcome: Outcome = { status: "finished" };
    for await (const event of this.#parts.engine.run({
      type: "generate",
      id: this.id,
      recipe,
      inputs: [],
      previews,
    })) {
      if (this.#abandoned) return undefined;
      if (event.type === "progress") {
        const preview = event.preview === undefined ? null : lazyPreview(event.preview);
        for (const said of reportsAt(event.at, outline)) report(said, preview);
      } else if (event.type === "image") {
        report(savingReport(event.index + outline.done, outline));
        await this.#keep(event, params, resolved, outline.done);
      } else if (event.type === "settled") outcome = event.outcome;
    }
    if (this.#abandoned) return undefined;
    await this.#addGrid(params);
    return this.#end(outcome);
  }

  /** How the task ends when something was thrown; finished images stay. */
  failed(thrown: unknown): End {
    this.#parts.engine.control(this.id, "stop");
    return { outcome: "failed", percent: this.#percent, images: this.#images, error: toWireError(thrown) };
  }

  #end(outcome: Outcome): End {
    const images = this.#images;
    switch (outcome.status) {
      case "finished":
      case "stopped":
      case "skipped":
        return { outcome: outcome.status, percent: 100, images, error: null };
      case "failed":
        return { outcome: "failed", percent: this.#percent, images, error: outcome.error };
    }
  }

  #kept(): readonly TaskImage[] {
    return "images" in this.#task && Array.isArray(this.#task.images) ? this.#task.images : [];
  }

  #report(
    said: Report,
    preview: Preview | null,
    outline: JobOutline,
    startedAt: number,
    attempt: number,
  ): void {
    this.#percent = Math.max(this.#percent, said.percent);
    const { images, steps } = outline;
    const progress = { ...said, percent: this.#percent, images, steps, preview };
    this.#reader.update({ status: "running", startedAt, attempt, progress, images: this.#images });
    this.#reader.tell({ type: "progress", ...progress, etaMs: this.#eta(said, outline) });
  }

  /** Time to the end, from the pace of the steps so far; honest only after two of them. */
  #eta({ stage, image, step }: Report, { images, steps, done }: JobOutline): number | null {
    if (stage !== "denoising" || step === 0) return null;
    this.#firstStepAt ??= this.#parts.now();
    const walked = (image - done) * steps + step - 1;
    if (walked < 2) return null;
    const left = (images - image) * steps - step;
    return Math.round(((this.#parts.now() - this.#firstStepAt) / walked) * left);
  }

  async #keep(event: ImageEvent, params: GenerateParams, resolved: Resolved, done: number): Promise<void> {
    const index = event.index + done;
    const text = await this.#parts.describe(params, resolved, index, event.image);
    const image = await this.#save(event.image, params, index, text);
    this.#made.push(event.image);
    const { seed, timings } = event.facts;
    this.#add({ ...image, seed: seed.toString(), timings });
  }

  #add(image: TaskImage): void {
    this.#images = [...this.#images, image];
    this.#parts.history.imageSaved(this.id, this.#images);
    this.#reader.tell({ type: "image", index: this.#images.length - 1, image });
  }

  async #save(
    pixmap: Pixmap,
    params: GenerateParams,
    index: number,
    text: Awaited<ReturnType<TaskServiceParts["describe"]>>,
  ): Promise<Pick<TaskImage, "url" | "width" | "height">> {
    const extension = params.output_format;
    const bytes = await encodeImage(pixmap, formatNames[extension] ?? "png", text);
    const name =
      params.save_name === null || params.save_name === "" ? undefined : `${params.save_name}-${index}`;
    const kept = await this.#parts.images.put(bytes, extension, new Date(this.#parts.now()), name);
    const url = `${this.#parts.baseUrl()}/outputs/${kept.folder}/${encodeURIComponent(kept.name)}`;
    return { url, width: pixmap.width, height: pixmap.height };
  }

  async #addGrid(params: GenerateParams): Promise<void> {
    const grid = params.generate_image_grid ? imageGrid(this.#made) : undefined;
    if (grid === undefined) return;
    const image = await this.#save(grid, params, this.#images.length, undefined);
    this.#add({ ...image, seed: "", timings: null });
  }
}

function lazyPreview(pixmap: Pixmap): Preview {
  let png: Promise<Uint8Array> | undefined;
  let webp: Promise<Uint8Array> | undefined;
  return {
    pixmap,
    png: () => {
      png ??= encodePreview(pixmap, "png");
      return png;
    },
    webp: () => {
      webp ??= encodePreview(pixmap, "webp");
      return webp;
    },
  };
}
