import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { Graph } from "#/graph/graph.ts";
import type { Log } from "#/lib/log.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { OnnxFile } from "#/weights/onnx/read-onnx.ts";
import { assertUnchanged, isUnchanged } from "#/weights/stamp.ts";
import { type Coming, leavingCard } from "./card/evict.ts";
import type { JobRoom } from "./card/job-plan.ts";
import { type Budget, closedForBytes, closedForMappings } from "./eviction.ts";
import { explained, isMemory } from "./mapping-shortage.ts";
import { mappingCount, mappingMargin } from "./mappings.ts";
import { trimMemory } from "./memory.ts";
import { type Drawn, drawn, type JobRequest, type NetworkRequest, type OpenNetwork } from "./open-network.ts";
import { type IntTensor, Session, type SessionOptions } from "./session.ts";
import { tooLarge } from "./too-large.ts";

/** What is open, for people: a name and the bytes of its weights. */
export type Resident = Readonly<{ name: string; bytes: number }>;

/** How often a network is drawn again whose derived file was removed before it could be opened. */
const redraws = 3;

/**
 * Keeps networks open between jobs, within a budget; the one that was not used for longest goes first. Weights
 * that are mapped in place count too: they are what the page cache must hold for the next run to be fast. Bytes that
 * several networks have mapped count once.
 *
 * What a job announces stays open until its end, even where all of it is more than the budget: its networks take turns,
 * and each would be opened anew at every turn. Only where memory or mappings run out do they make room for each other.
 */
export class Residency {
  readonly #options: SessionOptions;
  readonly #budget: Budget;
  readonly #log: Log;
  readonly #onChange: (resident: readonly Resident[]) => void;
  readonly #entries = new Map<string, OpenNetwork>();
  /** Keys of what the running job uses. */
  #held: ReadonlySet<string> = new Set();
  /** Of the card, as planned for the running job, or for the last one. */
  #room: JobRoom | undefined;
  #clock = 0;

  constructor(
    options: SessionOptions,
    budget: Budget,
    log: Log,
    onChange: (resident: readonly Resident[]) => void = () => undefined,
  ) {
    this.#options = options;
    this.#budget = budget;
    this.#log = log;
    this.#onChange = onChange;
  }

  get resident(): readonly Resident[] {
    return [...this.#entries.values()].map(({ name, bytes }) => ({ name, bytes }));
  }

  /** Whether a network is open, or is being opened. */
  isOpen({ key }: Pick<NetworkRequest, "key">): boolean {
    return this.#entries.has(key);
  }

  /** Whether an open network has weights in this file. */
  isUsing(path: string): boolean {
    return [...this.#entries.values()].some(({ paths }) => paths.has(path));
  }

  /**
   * Takes a job in: the networks it will use stay open, once they are, until {@link endJob}.
   *
   * @param passing those that it asks once and no more: they make room for what comes after them
   * @param room    of a card that the job runs on: what is not in the same stage leaves it where both do not fit
   * @throws EngineError `out-of-memory` if one of them alone is larger than a budget that is not 0, with both numbers
   */
  startJob(networks: readonly JobRequest[], passing: readonly JobRequest[] = [], room?: JobRoom): void {
    this.refuseTooLarge([...networks, ...passing]);
    this.#held = new Set(networks.map(({ key }) => key));
    this.#room = room;
  }

  /** @throws EngineError `out-of-memory` if one of these alone is larger than a budget that is not 0, with both numbers */
  refuseTooLarge(networks: readonly JobRequest[]): void {
    const budget = this.#budget.bytes;
    // Their sizes are those of their graphs, which nobody has drawn yet; without a limit nobody needs to.
    if (budget === 0) return;
    const sizes = networks.map(({ key, name, files, bytes }) => ({
      name,
      file: basename(files[0]?.path ?? ""),
      needed: this.#entries.get(key)?.bytes ?? bytes(),
    }));
    const [largest] = sizes.toSorted((a, b) => b.needed - a.needed);
    if (largest !== undefined && largest.needed > budget) throw tooLarge(largest, largest.needed, budget);
  }

  /** The job is over: what is more than the budget is closed. */
  async endJob(): Promise<void> {
    this.#held = new Set();
    await this.#makeRoom();
  }

  /**
   * The session of a network, opened if it is not. Where memory does not suffice, others are closed and it is tried again:
   * those that are not the running job's, then all.
   *
   * @throws EngineError as {@link Session.open}, ModelError as the network's function, or where a file was replaced
   */
  async session(request: NetworkRequest): Promise<Session> {
    this.#clock += 1;
    const known = this.#entries.get(request.key);
    if (known !== undefined) {
      known.usedAt = this.#clock;
      await this.#leaveCard({ key: request.key, bytes: 0 });
      return known.session;
    }
    return this.#drawn(request, redraws);
  }

  /** @param left how often it may be drawn again because a file was gone when it should be opened */
  async #drawn(request: NetworkRequest, left: number): Promise<Session> {
    const started = performance.now();
    const graph = await request.draw();
    const options = this.#optionsFor(request);
    const wanted = drawn(request, graph, options);
    await this.#leaveCard({ key: request.key, bytes: wanted.bytes });
    await this.#makeRoom(wanted);
    try {
      const session = await this.#withMemory(request.key, () =>
        this.#open(request.key, graph, wanted, options),
      );
      await this.#refuseReplaced(request);
      const ms = Math.round(performance.now() - started);
      const { name, bytes, mappings } = wanted;
      this.#log.info("opened a network", { network: name, bytes, mappings, ms });
      this.#onChange(this.resident);
      return session;
    } catch (thrown) {
      // A derived file that another server removed between drawing and opening is made again; a model file is not.
      const lost = [...wanted.paths].some((path) => !existsSync(path));
      if (left > 0 && lost && request.files.every(isUnchanged)) return this.#drawn(request, left - 1);
      throw explained(thrown, wanted.mappings, this.#budget.mappings);
    }
  }

  /**
   * Opens a network if it is not, and runs it once. Where memory does not suffice, others are closed as by
   * {@link session}.
   *
   * @throws EngineError as {@link Session.run}, and as {@link session}
   */
  async run(
    request: NetworkRequest,
    inputs: Readonly<Record<string, Tensor | IntTensor>>,
  ): Promise<Readonly<Record<string, Tensor>>> {
    const session = await this.session(request);
    try {
      return await this.#withMemory(request.key, () => session.run(inputs));
    } catch (thrown) {
      throw explained(thrown, 0, this.#budget.mappings);
    }
  }

  /**
   * Opens a network, runs it once and closes it, so that what it took of memory is given back at once. Its weights are mapped
   * whatever the setting says: to copy them takes longer than the run.
   *
   * @throws EngineError and ModelError as {@link run}
   */
  async runOnce(
    request: NetworkRequest,
    inputs: Readonly<Record<string, Tensor | IntTensor>>,
  ): Promise<Readonly<Record<string, Tensor>>> {
    const graph = await request.draw();
    const options = { ...this.#options, weights: "in-place" } as const;
    const session = await this.#withMemory(request.key, () => Session.open(graph, options));
    try {
      assertUnchanged(request.files);
      return await this.#withMemory(request.key, () => session.run(inputs));
    } finally {
      await session.release();
    }
  }

  /**
   * Opens a network that is not kept: who asked releases it. Where memory does not suffice, others are closed as by
   * {@link session}.
   *
   * @throws EngineError and ModelError as {@link session}
   */
  async openOnce(request: NetworkRequest): Promise<Session> {
    const graph = await request.draw();
    trimMemory();
    await this.#leaveCard({ key: request.key, bytes: 0 });
    const session = await this.#withMemory(request.key, () => Session.open(graph, this.#optionsFor(request)));
    try {
      assertUnchanged(request.files);
      return session;
    } catch (thrown) {
      await session.release();
      throw thrown;
    }
  }

  /** Closes the networks whose files were replaced or removed: nobody can ask for them again. */
  async dropReplaced(): Promise<void> {
    for (const [key, { files }] of [...this.#entries])
      if (!files.every(isUnchanged)) await this.#release(key, "its file was replaced or removed");
  }

  /** Closes everything. */
  async close(): Promise<void> {
    for (const key of [...this.#entries.keys()]) await this.#release(key, "all are closed");
    trimMemory();
  }

  #optionsFor({ packed = false }: NetworkRequest): SessionOptions {
    return packed ? { ...this.#options, weights: "packed" } : this.#options;
  }

  async #open(
    key: string,
    graph: Graph | OnnxFile,
    wanted: Drawn,
    options: SessionOptions,
  ): Promise<Session> {
    const session = Session.open(graph, options);
    this.#entries.set(key, { ...wanted, session, usedAt: this.#clock });
    try {
      return await session;
    } catch (thrown) {
      this.#entries.delete(key);
      throw thrown;
    }
  }

  /** Tries, as long as memory does not suffice and there is something to close. */
  async #withMemory<Result>(key: string, attempt: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await attempt();
      } catch (thrown) {
        if (!(isMemory(thrown) && (await this.#releaseOthers(key)))) throw thrown;
      }
    }
  }

  /** A file that was replaced between the reading of its header and now was mapped at places that mean nothing in it. */
  async #refuseReplaced({ key, files }: NetworkRequest): Promise<void> {
    try {
      assertUnchanged(files);
    } catch (thrown) {
      await this.#release(key, "its file was replaced or removed");
      throw thrown;
    }
  }

  /** Closes as few as will do, see `eviction.ts`. */
  async #makeRoom(wanted?: Drawn): Promise<void> {
    const before = this.#entries.size;
    const open = { entries: this.#entries, held: this.#held };
    for (const key of closedForBytes(open, wanted?.footprint, this.#budget.bytes)) await this.#release(key);
    while (!this.#mapsFit(wanted?.mappings ?? 0)) {
      const next = closedForMappings(open);
      if (next === undefined) break;
      await this.#release(next);
    }
    if (this.#entries.size < before) trimMemory();
  }

  /** Closes what a card has no room for beside what comes. */
  async #leaveCard(coming: Coming): Promise<void> {
    for (const key of leavingCard(this.#entries, coming, this.#room))
      await this.#release(key, "the card is full");
  }

  #mapsFit(wanted: number): boolean {
    const limit = this.#budget.mappings;
    return limit === undefined || mappingCount() + wanted + mappingMargin(limit) <= limit;
  }

  /** What is not the running job's; where there is none, all. @returns whether anything was closed */
  async #releaseOthers(key: string): Promise<boolean> {
    const others = [...this.#entries.keys()].filter((other) => other !== key);
    const idle = others.filter((other) => !this.#held.has(other));
    const closed = idle.length > 0 ? idle : others;
    for (const other of closed) await this.#release(other, "memory is needed");
    trimMemory();
    return closed.length > 0;
  }

  async #release(key: string, reason = "room is needed"): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    await (await entry.session).release();
    this.#log.info("closed a network", { network: entry.name, bytes: entry.bytes, reason });
    this.#onChange(this.resident);
  }
}
