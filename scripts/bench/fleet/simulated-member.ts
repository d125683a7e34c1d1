import { hostname } from "node:os";
import type { Fleet } from "#/fleet/fleet.ts";
import type { JobResult } from "#/fleet/jobs.ts";
import type { Lease } from "#/fleet/lines.ts";
import { openFleet } from "#/fleet/open-fleet.ts";
import { silentLog } from "#/lib/log.ts";
import { recipeVersion } from "#/recipe/kept-recipe.ts";

/** What simulated workers do, and what is counted of them. */
export type Simulation = Readonly<{
  url: string;
  /** Digest of their models. */
  models: string;
  taskSeconds: number;
  eventsPerSecond: number;
  /** Milliseconds for which an engine that had nothing to do waited for a task while some waited. */
  idle: (milliseconds: number) => void;
  /** A lease was lost: something is too slow. */
  lost: () => void;
}>;

const lookEvery = 1000;

/**
 * A worker without an engine: it asks Redis all that a worker asks, at the same moments (`tasks/fleet/worker.ts`), over the two
 * connections that a worker has. Its task is a time that passes.
 */
export class SimulatedMember {
  readonly #id: string;
  readonly #simulation: Simulation;
  readonly #fleet: Fleet;
  #task: Lease | undefined;
  #looking = false;
  #lookAgain = false;
  /** When its last task ended. */
  #freeAt: number | undefined;

  private constructor(id: string, simulation: Simulation, fleet: Fleet) {
    this.#id = id;
    this.#simulation = simulation;
    this.#fleet = fleet;
  }

  static async start(id: string, simulation: Simulation): Promise<SimulatedMember> {
    const { url } = simulation;
    const fleet = await openFleet({
      url,
      name: "fooocusd",
      id,
      recipeVersion,
      log: silentLog,
      leaseMs: 45_000,
    });
    const member = new SimulatedMember(id, simulation, fleet);
    member.#enter();
    return member;
  }

  #enter(): void {
    const startedAt = Date.now();
    const { models } = this.#simulation;
    this.#fleet.roll.enter(() => ({
      id: this.#id,
      role: "worker",
      host: hostname(),
      version: "simulated",
      recipeVersion,
      startedAt,
      state: "ready",
      engines: [
        {
          name: "cuda:0",
          device: "cuda",
          state: this.#task === undefined ? "ready" : "busy",
          task: this.#task?.job.id ?? null,
          checkpoint: this.#task?.job.checkpoint ?? null,
        },
      ],
      models,
      facts: { tasks: 0, busy_seconds: 0 },
    }));
    setInterval(() => this.#look(), lookEvery);
    void this.#listen();
  }

  async #listen(): Promise<void> {
    for await (const { type } of this.#fleet.inboxes.listen(this.#id, new AbortController().signal))
      if (type === "ring" || type === "resume") this.#look();
  }

  #look(): void {
    this.#lookAgain = true;
    if (!this.#looking) void this.#looks();
  }

  async #looks(): Promise<void> {
    this.#looking = true;
    try {
      while (this.#lookAgain) {
        this.#lookAgain = false;
        await this.#takeOne();
      }
    } finally {
      this.#looking = false;
    }
  }

  async #takeOne(): Promise<void> {
    const { lines, flags } = this.#fleet;
    if (this.#task !== undefined || (await flags.get("paused"))) return;
    const [first] = await lines.firsts(() => true);
    const lease = first === undefined ? undefined : await lines.take(first.line);
    if (lease === undefined) {
      this.#lookAgain ||= first !== undefined;
      return;
    }
    const now = Date.now();
    // From when there was both: an engine with nothing to do, and a task.
    this.#simulation.idle(now - Math.max(this.#freeAt ?? 0, lease.job.queuedAt));
    this.#task = lease;
    void this.#make(lease, now);
  }

  async #make(lease: Lease, startedAt: number): Promise<void> {
    const { taskSeconds, eventsPerSecond, lost } = this.#simulation;
    const { log } = this.#fleet;
    const taskId = lease.job.id;
    await lease.keep({ attempts: 1 });
    void log.append({ taskId, type: "started", attempt: 1, on: `${this.#id}/cuda:0` });
    const steps = Math.max(1, Math.round(taskSeconds * eventsPerSecond));
    // Not two are equally fast: they would end together.
    const pause = ((1000 * taskSeconds) / steps) * (0.8 + 0.4 * Math.random());
    for (let step = 1; step <= steps; step += 1) {
      await Bun.sleep(pause);
      const at = { stage: "denoising", image: 0, images: 1, step, steps } as const;
      const moment = { now: "engine" } as const;
      const percent = Math.floor((100 * step) / steps);
      void log.append({ taskId, type: "progress", etaMs: null, percent, moment, preview: null, ...at });
    }
    await lease.keep({ images: [] });
    if (await lease.done(this.#result(startedAt)))
      void log.append({ taskId, type: "ended", line: lease.line });
    else lost();
    this.#task = undefined;
    this.#freeAt = Date.now();
    this.#look();
  }

  #result(startedAt: number): JobResult {
    const end = { outcome: "finished", startedAt, percent: 100, images: [], error: null } as const;
    return { end, warnings: [], making: '{"made":"of"}', worker: this.#id, endedAt: Date.now() };
  }
}
