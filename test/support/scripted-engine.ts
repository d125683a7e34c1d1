import type { Engine, EngineState } from "#/engine/engine.ts";
import type { EngineEvent, JobCommand, Outcome } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { toWireError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { Recipe } from "#/recipe/recipe.ts";

type Job = Extract<JobCommand, { type: "generate" }>;
type Question = Extract<JobCommand, { type: "tool" }>;

/** What tests do to the engine while it works. */
export type Script = Readonly<{
  /** Awaited before each step of each image; a test holds the engine here, or throws to break it. */
  beforeStep?: (at: Readonly<{ id: TaskId; image: number; step: number }>) => Promise<void> | void;
  /** Awaited after the engine broke, before it may be given a job again. */
  restored?: () => Promise<void>;
  /** Awaited before a question is answered; a test holds the engine here, or throws to break it. */
  beforeAnswer?: (question: Question) => Promise<void> | void;
}>;

/**
 * An engine of this thread that paints flat colours: it keeps the protocol (progress, previews, stop and skip between
 * steps, exactly one `settled`) and does no arithmetic. The colour of an image is its seed's.
 */
export class ScriptedEngine implements Engine {
  readonly name: string;
  readonly jobs: Job[] = [];
  readonly #script: Script;
  readonly #asked = new Map<TaskId, "skip" | "stop">();
  readonly #listeners = new Set<(state: EngineState) => void>();
  state: EngineState = { state: "ready", device: "cpu", refused: [], loaded: [] };

  constructor(script: Script = {}, name = "scripted") {
    this.name = name;
    this.#script = script;
  }

  subscribe(listener: (state: EngineState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  change(state: EngineState): void {
    this.state = state;
    for (const listener of this.#listeners) listener(state);
  }

  /** A question about a picture is answered with a mask that is white, or with words. */
  async *#answer(question: Question): AsyncGenerator<EngineEvent, void, undefined> {
    const { id, picture } = question;
    let outcome: Outcome = { status: "finished" };
    try {
      await this.#script.beforeAnswer?.(question);
      const { width, height } = picture;
      const mask = { width, height, channels: 1, data: new Uint8Array(width * height).fill(255) } as const;
      if (this.#asked.get(id) === "stop") outcome = { status: "stopped" };
      else if (question.tool.tool === "mask")
        yield { type: "answer", id, answer: { tool: "mask", mask, found: 1 } };
      else yield { type: "answer", id, answer: { tool: "describe", text: "a circle" } };
    } catch (thrown) {
      outcome = { status: "failed", error: toWireError(thrown) };
    }
    yield { type: "settled", id, outcome };
  }

  async *run(job: JobCommand): AsyncGenerator<EngineEvent, void, undefined> {
    if (job.type === "tool") return yield* this.#answer(job);
    this.jobs.push(job);
    let outcome: Outcome = { status: "finished" };
    try {
      yield { type: "progress", id: job.id, at: { stage: "loading", image: 0 } };
      yield* this.#texts(job);
      for (const image of job.recipe.images.keys()) {
        const asked = yield* this.#image(job, image);
        if (asked === "stop") {
          outcome = { status: "stopped" };
          break;
        }
      }
      if (outcome.status === "finished") yield* this.#passes(job);
    } catch (thrown) {
      outcome = { status: "failed", error: toWireError(thrown) };
    }
    // What was asked too late is not asked of the next attempt.
    this.#asked.delete(job.id);
    yield { type: "settled", id: job.id, outcome };
  }

  control(id: TaskId, action: "skip" | "stop"): void {
    this.#asked.set(id, action);
  }

  unload(): void {
    this.change({ ...this.state, loaded: [] });
  }

  async restored(): Promise<void> {
    await this.#script.restored?.();
  }

  async close(): Promise<void> {}

  /** Each pass of each picture in the colour of its place. */
  *#passes({ id, recipe, inputs }: Job): Generator<EngineEvent> {
    const timings = { loading: 0, encoding: 0, denoising: 0, decoding: 0 };
    for (const [picture, { from, passes, done }] of (recipe.enhance?.pictures ?? []).entries()) {
      if (from.kind === "nothing") continue;
      const given = from.kind === "given" ? inputs[from.picture] : undefined;
      if (given !== undefined)
        yield { type: "image", id, index: 0, image: given, facts: { seed: null, timings } };
      for (const [at, { run }] of passes.entries()) {
        if (at < done) continue;
        const place = { picture, pass: at };
        yield { type: "progress", id, at: { stage: "enhancing", image: 0 }, pass: place };
        const seed = run.images[0]?.seed ?? 0n;
        const image = flat(recipe.size, BigInt(16 * picture + at + 1));
        yield {
          type: "image",
          id,
          index: 0,
          image,
          facts: { seed, timings },
          pass: { ...place, shows: "result" },
        };
        yield { type: "passed", id, picture, done: at + 1 };
      }
    }
  }

  *#texts({ id, recipe }: Job): Generator<EngineEvent> {
    for (const [image, { expand }] of recipe.images.entries())
      if (expand !== undefined)
        yield { type: "progress", id, at: { stage: "encoding", image, texts: "expansion" } };
    for (const texts of ["positive", "negative"] as const) {
      if (texts === "negative" && recipe.guidance.cfg === 1) return;
      for (const image of recipe.images.keys())
        yield { type: "progress", id, at: { stage: "encoding", image, texts } };
    }
  }

  async *#image(
    { id, recipe }: Job,
    image: number,
  ): AsyncGenerator<EngineEvent, "skip" | "stop" | undefined> {
    const { steps } = recipe;
    const { seed = 0n, expand } = recipe.images[image] ?? {};
    yield { type: "progress", id, at: { stage: "denoising", image, step: 0, steps } };
    for (let step = 1; step <= steps; step += 1) {
      await this.#script.beforeStep?.({ id, image, step });
      const asked = this.#asked.get(id);
      this.#asked.delete(id);
      if (asked !== undefined) return asked;
      const preview = recipe.previews ? { preview: flat({ width: 8, height: 8 }, seed) } : {};
      yield { type: "progress", id, at: { stage: "denoising", image, step, steps }, ...preview };
    }
    yield { type: "progress", id, at: { stage: "decoding", image, strip: 0, strips: 1 } };
    const timings = { loading: 1, encoding: 2, denoising: 3, decoding: 4 };
    const facts = {
      seed,
      ...(expand === undefined ? {} : { expansion: `${expand}, and more` }),
      ...(recipe.cache === undefined ? {} : { runs: { made: 3, saved: 1 } }),
      timings,
    };
    yield { type: "image", id, index: image, image: flat(recipe.size, seed), facts };
    return undefined;
  }
}

/** A picture of one colour, that of a seed. */
export function flat({ width, height }: Recipe["size"], seed: bigint): Pixmap {
  const data = new Uint8Array(width * height * 3).fill(Number(seed % 256n));
  return { width, height, data };
}

/** A door that holds the engine until it is opened. */
export function gate(): Readonly<{ open: () => void; passed: Promise<void> }> {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), passed };
}
