import type { GenerateParams } from "#/api/generate.ts";
import type { EngineEvent, Outcome, RunNote } from "#/engine/protocol.ts";
import { decodeImage } from "#/image/decode.ts";
import { type EmbeddedText, encodeImage, formatNames } from "#/image/encode.ts";
import { imageGrid } from "#/image/grid.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { BugError, toWireError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { asMade } from "#/recipe/as-made.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import { resultPath } from "#/stores/images.ts";
import { doorOf } from "./door.ts";
import type { End } from "./endings.ts";
import { EngineJob } from "./engine-job.ts";
import { type Enhancing, enhancingOf, type Result } from "./enhancing.ts";
import { type JobOutline, outlineOf, type Report } from "./job-outline.ts";
import { lazyPreview } from "./lazy-preview.ts";
import { isDone, loadLeft, type WhatIsLeft } from "./left-of.ts";
import { openingReports, reportsAt, savingResult } from "./progress.ts";
import type { RunParts, RunReader, RunStart } from "./run-parts.ts";
import type { Preview, Task, TaskImage } from "./task.ts";
import { TimeLeft } from "./time-left.ts";

type ImageEvent = Extract<EngineEvent, { type: "image" }>;

/** What a run is about. */
type Work = Readonly<{
  params: GenerateParams;
  resolved: Resolved;
  outline: JobOutline;
  enhancing: Enhancing | undefined;
}>;

/** One attempt at a task: engine events become progress, files and rows. */
export class TaskRun {
  readonly id: TaskId;
  /** What files are called whose request names none; undefined for the day and the time. */
  readonly #fileName: string | undefined;
  readonly #parts: RunParts;
  readonly #start: RunStart;
  readonly #reader: RunReader;
  readonly #job: EngineJob;
  readonly #expansions = new Map<number, string>();
  #images: readonly TaskImage[];
  #percent = 0;
  #abandoned = false;
  #timeLeft: TimeLeft | undefined;
  #preview: Preview | null = null;
  #note: (note: RunNote) => Promise<void> = async () => undefined;

  constructor(task: Task, parts: RunParts, start: RunStart, reader: RunReader) {
    this.id = task.id;
    this.#fileName = doorOf(parts.doors, task.door).fileStem(task);
    this.#parts = parts;
    this.#start = start;
    this.#reader = reader;
    this.#job = new EngineJob(task.id, parts.engine);
    this.#images = start.images;
  }

  /** Prompts as they were expanded, by the places of their images. */
  get expansions(): ReadonlyMap<number, string> {
    return this.#expansions;
  }

  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** Asks to end, or to skip the image at hand. */
  interrupt(action: "stop" | "skip"): void {
    this.#job.control(action);
  }

  /** Leaves the task as it is: the next start runs it again. */
  abandon(): void {
    this.#abandoned = true;
    this.#job.control("stop");
  }

  /**
   * Makes the pictures. Those an earlier attempt finished are kept, and only the rest is made.
   *
   * @param note hears what the engine finds out meanwhile
   * @returns how it ended; nothing if it was abandoned
   * @throws what went wrong on our side of the engine; the engine has let go of the job then
   */
  async make(
    params: GenerateParams,
    resolved: Resolved,
    note: (note: RunNote) => Promise<void> = async () => undefined,
  ): Promise<End | undefined> {
    this.#note = note;
    const enhancing = await enhancingOf(this.id, params, resolved, this.#parts);
    const left = enhancing?.left(this.#images) ?? this.#leftOf(resolved.recipe);
    const work = { params, resolved, enhancing, outline: outlineOf(params, resolved, left.done) };
    const { outline } = work;
    const { width, height } = resolved.recipe.size;
    this.#timeLeft = new TimeLeft(outline, () => this.#parts.pace.expected(width * height));
    for (const report of openingReports(outline)) this.#report(report, null, outline);
    // A checkpoint's first hash takes as long as reading it: begun now, it is there when the first picture asks again.
    if (outline.images * outline.steps > 0)
      void this.#parts.textOf(params, resolved, outline.done).catch(() => undefined);
    for await (const result of enhancing?.unwritten(this.#images) ?? []) await this.#keepResult(result, work);
    const outcome: Outcome | undefined = isDone(left.recipe)
      ? { status: "finished" }
      : await this.#follow(
          this.#job.run(left.recipe, async () => [
            ...(await this.#parts.loadInputs(resolved)),
            ...(await loadLeft(left.paths, this.#parts.decoding)),
          ]),
          work,
        );
    if (this.#abandoned || outcome === undefined) return undefined;
    if (params.generate_image_grid && outcome.status === "finished") await this.#addGrid(work);
    return this.#end(outcome);
  }

  /** What is left of a recipe whose pictures are done with when they are made. */
  #leftOf(recipe: Resolved["recipe"]): WhatIsLeft {
    const done = (this.#images.at(-1)?.index ?? -1) + 1;
    // What was made of pictures alone is the only image, and so is a grid the last one.
    const isComplete = this.#images.some(({ seed }) => seed === "");
    return { done, paths: [], recipe: { ...recipe, images: isComplete ? [] : recipe.images.slice(done) } };
  }

  /** How the task ends that was asked to stop and cannot be waited for; finished images stay. */
  stopped(): End {
    return this.#end({ status: "stopped" });
  }

  /** How the task ends when something was thrown; finished images stay. */
  failed(thrown: unknown): End {
    return this.#end({ status: "failed", error: toWireError(thrown) });
  }

  /** Reads the engine to its end even if we cannot keep what it makes: a job that is left runs on unseen. */
  async #follow(events: AsyncIterable<EngineEvent>, work: Work): Promise<Outcome | undefined> {
    let outcome: Outcome | undefined;
    let failure: Readonly<{ thrown: unknown }> | undefined;
    for await (const event of events) {
      if (this.#abandoned) return undefined;
      if (event.type === "settled") outcome = event.outcome;
      if (failure !== undefined) continue;
      try {
        await this.#hear(event, work);
      } catch (thrown) {
        failure = { thrown };
        this.#job.control("stop");
      }
    }
    if (failure !== undefined) throw failure.thrown;
    if (outcome === undefined) throw new BugError("The engine ended a job without saying how.");
    return outcome;
  }

  async #hear(event: EngineEvent, work: Work): Promise<void> {
    const { outline, enhancing } = work;
    if (event.type === "progress") {
      const preview = event.preview === undefined ? null : lazyPreview(event.preview);
      for (const report of reportsAt(event.at, outline, event.pass)) this.#report(report, preview, outline);
    } else if (event.type === "note") await this.#note(event.note);
    else if (event.type === "image") await this.#keep(event, work);
    else if (event.type === "passed") {
      const result = await enhancing?.passed(event);
      if (result !== undefined) await this.#keepResult(result, work);
    }
  }

  #end(outcome: Outcome): End {
    const error = outcome.status === "failed" ? outcome.error : null;
    const percent = outcome.status === "failed" ? this.#percent : 100;
    return {
      outcome: outcome.status,
      startedAt: this.#start.at,
      percent,
      images: this.#images,
      error,
    };
  }

  #report(report: Report, preview: Preview | null, outline: JobOutline): void {
    this.#percent = Math.max(this.#percent, report.percent);
    const { item: _, images = outline.images, ...said } = report;
    const { moment } = said;
    // What counts while texts are encoded are their parts.
    const steps = moment.now === "part" ? moment.of : (said.steps ?? outline.steps);
    const progress = { ...said, percent: this.#percent, images, steps, preview };
    // The last step's preview is the newest picture there is until the image is saved.
    if (report.stage !== "decoding") this.#preview = preview;
    const shown = { ...progress, preview: this.#preview };
    const { at, attempt } = this.#start;
    this.#reader.update({ status: "running", startedAt: at, attempt, progress: shown, images: this.#images });
    const etaMs = this.#timeLeft?.at(report, this.#parts.now()) ?? null;
    this.#reader.tell({ type: "progress", ...progress, etaMs });
  }

  async #keep(event: ImageEvent, work: Work): Promise<void> {
    const { outline, resolved, enhancing } = work;
    const index = event.index + outline.done;
    const { image: pixmap, facts } = event;
    if (facts.timings.decoding > 0)
      this.#parts.pace.took(facts.timings.decoding, pixmap.width * pixmap.height);
    const result =
      enhancing === undefined
        ? { pixmap, index, facts, made: asMade(resolved, index, facts), image: index }
        : await enhancing.made(event, outline.done);
    if (result !== undefined) await this.#keepResult(result, work);
  }

  /** Saves an image once: an attempt may have ended between that and what came of it. */
  async #keepResult({ pixmap, index, facts, made, image, pass }: Result, work: Work): Promise<void> {
    if (this.#images.some((one) => one.index === index)) return;
    const { params, outline } = work;
    const { seed, timings, nsfw, runs } = facts;
    if (nsfw === true) await this.#note({ note: "blackened", image: index });
    const expansion = pass === undefined ? made.written[image]?.expansion : undefined;
    if (expansion !== undefined) this.#expansions.set(image, expansion);
    const report = savingResult({ index, seed, pass }, outline);
    if (report !== undefined) this.#report(report, null, outline);
    const from = this.#parts.now();
    // As in Fooocus: what no model drew says nothing of one.
    const text = seed === null ? undefined : await this.#parts.textOf(params, made, image);
    const saved = await this.#save(pixmap, params, index, text);
    const saving = Math.max(0, this.#parts.now() - from);
    const found = { ...(nsfw === undefined ? {} : { nsfw }), ...(runs === undefined ? {} : { runs }) };
    const kept = { ...saved, ...found, seed: seed?.toString() ?? "", timings: { ...timings, saving } };
    await this.#add(kept, params);
  }

  async #add(image: TaskImage, params: GenerateParams): Promise<void> {
    if (this.#abandoned) return;
    this.#images = [...this.#images, image];
    await this.#reader.keep(this.#images);
    if (this.#abandoned) return;
    // The request may want its results at the end only; they are in `settled` then.
    if (!params.disable_intermediate_results) this.#reader.tell({ type: "image", index: image.index, image });
  }

  async #save(
    pixmap: Pixmap,
    params: GenerateParams,
    index: number,
    text: EmbeddedText | undefined,
  ): Promise<Omit<TaskImage, "seed" | "timings">> {
    const { output_format: extension, save_name: saveName } = params;
    const bytes = await encodeImage(pixmap, formatNames[extension] ?? "png", text);
    const stem = saveName === null || saveName === "" ? this.#fileName : saveName;
    const name = stem === undefined ? undefined : `${stem}-${index}`;
    const kept = await this.#parts.images.put(bytes, extension, new Date(this.#parts.now()), name);
    const url = `${this.#parts.baseUrl()}/outputs/${kept.folder}/${encodeURIComponent(kept.name)}`;
    return { index, url, width: pixmap.width, height: pixmap.height };
  }

  /** The grid is made of the files, so that images of an earlier attempt are in it too. */
  async #addGrid({ params, outline, enhancing }: Work): Promise<void> {
    const index = enhancing?.gridIndex ?? outline.images;
    if (this.#images.some((one) => one.index === index)) return;
    const pixmaps: Pixmap[] = [];
    for (const { url } of this.#images) {
      const path = await resultPath(url, this.#parts.images);
      if (path !== undefined)
        pixmaps.push(await decodeImage(await Bun.file(path).bytes(), "grid", this.#parts.decoding));
    }
    const grid = imageGrid(pixmaps);
    if (grid === undefined) return;
    const image = await this.#save(grid, params, index, undefined);
    await this.#add({ ...image, seed: "", timings: null }, params);
  }
}
