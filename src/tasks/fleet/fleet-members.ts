import type { EngineState } from "#/engine/engine.ts";
import type { Fleet } from "#/fleet/fleet.ts";
import type { FleetJob, ModelFile } from "#/fleet/jobs.ts";
import type { Member, MemberEngine } from "#/fleet/roll.ts";
import { devices } from "#/lib/devices.ts";
import type { Log } from "#/lib/log.ts";
import type { EngineHealth } from "../life-cycle/task-reader.ts";
import type { FleetTasks } from "./fleet-tasks.ts";
import type { FleetCounts } from "./fleet-view.ts";
import { type LostWorker, LostWorkers } from "./lost-workers.ts";
import { countMembers } from "./standing.ts";

/** Milliseconds between two looks at the roll. */
const every = 1500;

/** Milliseconds after which a worker that was woken has taken something, or had nothing to take. */
const takes = 500;

/** Milliseconds from a word of somebody until the roll is looked at. */
const soon = 50;

/** Milliseconds between two tellings of where tasks run, at least, and for each engine, of which all are told. */
const between = { least: 200, engine: 1.5 } as const;

const states: readonly EngineState["state"][] = ["starting", "ready", "busy", "failed", "restarting"];

/** Whether the fleet can make something: `lacking` are files that no worker has beside all others that are needed. */
export type Ability = Readonly<
  { can: "yes" } | { can: "no-worker" } | { can: "no"; workers: number; lacking: readonly ModelFile[] }
>;

/** Where tasks run, as the log told it: at once, while the roll is seconds old. */
export type ToldPlaces = Pick<FleetTasks, "at" | "mayBeAnywhere">;

/** Who is there, as a head saw it last. */
export class FleetMembers {
  readonly #fleet: Pick<Fleet, "roll" | "inboxes">;
  readonly #recipeVersion: number;
  readonly #log: Pick<Log, "debug">;
  readonly #changed: (engine: EngineHealth | undefined) => void;
  readonly #files = new Map<string, ReadonlySet<string>>();
  /** When who was woken. */
  readonly #rung = new Map<string, number>();
  readonly #lost = new LostWorkers(Date.now);
  #members: readonly Member[] = [];
  #places: ToldPlaces | undefined;
  /** What readers were told last: of all, and of each engine. */
  #told = "[]";
  #toldEngines: ReadonlySet<string> = new Set();
  #moved: ReturnType<typeof setTimeout> | undefined;
  #soon: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param changed called when somebody came, left or changed, with an engine that is otherwise, if there is one */
  constructor(
    fleet: Pick<Fleet, "roll" | "inboxes">,
    recipeVersion: number,
    log: Pick<Log, "debug">,
    changed: (engine: EngineHealth | undefined) => void,
  ) {
    this.#fleet = fleet;
    this.#recipeVersion = recipeVersion;
    this.#log = log;
    this.#changed = changed;
  }

  /** Looks now, and from time to time. */
  async start(): Promise<void> {
    await this.look();
    this.#timer = setInterval(() => void this.look(), every);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    clearTimeout(this.#moved);
  }

  /** From now on it is known from there what runs where. */
  follow(places: ToldPlaces): void {
    this.#places = places;
  }

  /** A task began or left somewhere: readers are told soon, of many in one. */
  moved(): void {
    this.#moved ??= setTimeout(
      () => {
        this.#moved = undefined;
        this.#tell();
      },
      Math.max(between.least, between.engine * this.#members.length),
    );
    this.#moved.unref();
  }

  /** Somebody said that it came, changed or left; many who say so at once are looked at once. */
  hear({ id, change }: Readonly<{ id: string; change: "came" | "left" | "changed" }>): void {
    if (change === "left") {
      this.#lost.left(id);
      this.#take(this.#members.filter((member) => member.id !== id));
    }
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.look();
    }, soon);
    this.#soon.unref();
  }

  /** Never throws: while Redis is gone, all is as it was. */
  async look(): Promise<void> {
    try {
      this.#lost.asks();
      const asked = await this.#fleet.roll.members();
      const members = this.#lost.still(asked);
      for (const { models } of members) await this.#learn(models);
      for (const digest of this.#files.keys())
        if (members.every(({ models }) => models !== digest)) this.#files.delete(digest);
      this.#lost.compare(this.#members, members);
      this.#take(members);
    } catch (thrown) {
      this.#log.debug("the fleet's roll cannot be read", { error: String(thrown) });
    }
  }

  #take(members: readonly Member[]): void {
    this.#members = members;
    this.#tell();
  }

  #tell(): void {
    const now = JSON.stringify(this.all.map(shown));
    if (now === this.#told) return;
    this.#told = now;
    const [before, engines] = [this.#toldEngines, this.engines];
    const texts = engines.map((engine) => JSON.stringify(engine));
    this.#toldEngines = new Set(texts);
    this.#changed(engines[texts.findIndex((text) => !before.has(text))]);
  }

  /** All that are there, by their ids. */
  get all(): readonly Member[] {
    const places = this.#places;
    if (places === undefined) return this.#members;
    return this.#members.map((member) => ({
      ...member,
      engines: member.engines.map((engine) => engineNow(`${member.id}/${engine.name}`, engine, places)),
    }));
  }

  get heads(): number {
    return this.#members.filter(({ role }) => role === "head").length;
  }

  /** Workers that went without a word. */
  get lost(): readonly LostWorker[] {
    return this.#lost.all;
  }

  get counts(): FleetCounts {
    return countMembers(this.all, this.lost);
  }

  /** Workers that understand recipes of a version; of this head's, where none is said. */
  workersOf(version = this.#recipeVersion): readonly Member[] {
    return this.#members.filter(({ role, recipeVersion }) => role === "worker" && recipeVersion === version);
  }

  get workers(): readonly Member[] {
    return this.workersOf();
  }

  /** Every engine of every worker; its name begins with that of its worker. */
  get engines(): readonly EngineHealth[] {
    return this.all
      .filter(({ role }) => role === "worker")
      .flatMap(({ id, engines }) =>
        engines.map(({ name, state, device, task, checkpoint }) => ({
          name: `${id}/${name}`,
          state: states.find((one) => one === state) ?? "starting",
          device: devices.find((one) => one === device) ?? null,
          refused: [],
          loaded: checkpoint === null ? [] : [{ name: checkpoint, bytes: 0 }],
          task,
        })),
      );
  }

  /** Whether somebody who is there has all these files. */
  ability(needs: readonly ModelFile[], version = this.#recipeVersion): Ability {
    return this.#abilityOf(this.workersOf(version), needs);
  }

  /** The same of those that take something now: what is not kept waits for nobody who was paused. */
  answering(needs: readonly ModelFile[], version = this.#recipeVersion): Ability {
    return this.#abilityOf(
      this.workersOf(version).filter(({ state }) => state === "ready"),
      needs,
    );
  }

  /**
   * Wakes an idle worker that can make a job; best one that has its checkpoint open. The roll is seconds old: who is idle is known from
   * what the log told, and one that was woken a moment ago has that task to take.
   *
   * @param places where tasks run, `worker/engine`; as the roll says where that is not told
   */
  ring({ needs, checkpoint }: Pick<FleetJob, "needs" | "checkpoint">, places = this.#onRoll): void {
    const now = performance.now();
    for (const [id, at] of this.#rung) if (now - at > takes) this.#rung.delete(id);
    const able = new Set(
      listsOf(this.workers).filter((models) => this.#lackingOf(models, needs).length === 0),
    );
    const idleOf = ({ id, engines }: Member) => engines.filter(({ name }) => !places.has(`${id}/${name}`));
    const idle = this.workers.filter(
      (member) => member.state === "ready" && able.has(member.models) && idleOf(member).length > 0,
    );
    const unrung = idle.filter(({ id }) => !this.#rung.has(id));
    const holds = (member: Member): boolean =>
      idleOf(member).some((engine) => engine.checkpoint === checkpoint);
    const chosen = unrung.find(holds) ?? unrung[0] ?? idle[0];
    if (chosen === undefined) return;
    this.#rung.set(chosen.id, now);
    void this.send(chosen.id, "ring");
  }

  get #onRoll(): ReadonlySet<string> {
    return new Set(this.engines.flatMap(({ name, task }) => (task === null ? [] : [name])));
  }

  /** Tells all workers something; one that cannot be told looks by itself. */
  async tellAll(type: "ring" | "unload"): Promise<void> {
    for (const { id, role } of this.#members) if (role === "worker") await this.send(id, type);
  }

  async send(id: string, type: "ring" | "unload"): Promise<void> {
    await this.#fleet.inboxes.send(id, { type }).catch((thrown: unknown) => {
      this.#log.debug("a worker could not be told", { worker: id, error: String(thrown) });
    });
  }

  #abilityOf(workers: readonly Member[], needs: readonly ModelFile[]): Ability {
    if (workers.length === 0) return { can: "no-worker" };
    const lacks = listsOf(workers).map((models) => this.#lackingOf(models, needs));
    const fewest = lacks.toSorted((a, b) => a.length - b.length)[0] ?? [];
    return fewest.length === 0 ? { can: "yes" } : { can: "no", workers: workers.length, lacking: fewest };
  }

  #lackingOf(models: string, needs: readonly ModelFile[]): readonly ModelFile[] {
    const files = this.#files.get(models);
    return needs.filter((file) => files?.has(keyOf(file)) !== true);
  }

  async #learn(digest: string): Promise<void> {
    if (digest === "" || this.#files.has(digest)) return;
    const files = await this.#fleet.roll.models(digest);
    if (files !== undefined) this.#files.set(digest, new Set(files.map(keyOf)));
  }
}

/** The lists of model files that workers have: mostly one for all. */
const listsOf = (workers: readonly Member[]): readonly string[] => [
  ...new Set(workers.map(({ models }) => models)),
];

const keyOf = ({ kind, name, bytes }: ModelFile): string => `${kind}/${name}/${bytes}`;

/** What readers see of a member. */
const shown = ({ id, role, state, engines, models }: Member) => ({ id, role, state, engines, models });

/** An engine of the roll with the task that it was told to have since; one that is busy without a task answers a question. */
function engineNow(place: string, engine: MemberEngine, places: ToldPlaces): MemberEngine {
  const task = places.at(place);
  if (task !== undefined) return { ...engine, task, state: engine.state === "ready" ? "busy" : engine.state };
  if (engine.task === null || places.mayBeAnywhere(engine.task)) return engine;
  return { ...engine, task: null, state: engine.state === "busy" ? "ready" : engine.state };
}
