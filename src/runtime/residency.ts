import type { Graph } from "#/graph/graph.ts";
import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { assertUnchanged, type FileStamp, isUnchanged } from "#/weights/stamp.ts";
import { type Footprint, footprintOf, totalBytes } from "./footprint.ts";
import { mappingCount, mappingMargin } from "./mappings.ts";
import { trimMemory } from "./memory.ts";
import { type IntTensor, Session, type SessionOptions } from "./session.ts";
import { tooLarge } from "./too-large.ts";

/** What is open, for people: a name and the bytes of its weights. */
export type Resident = Readonly<{ name: string; bytes: number }>;

/** A network that is wanted open. */
export type NetworkRequest = Readonly<{
  /** Everything the graph depends on: files, their stamps, network, features. */
  key: string;
  /** For people. */
  name: string;
  /** What it is made of. When one of them is replaced, the network is closed with the next job. */
  files: readonly FileStamp[];
  /** Makes the graph; called on a miss only. */
  draw: () => Graph | Promise<Graph>;
  /** Bytes that it will take once it is open, from headers alone; asked of a job's networks that are not. */
  bytes?: () => number;
}>;

/**
 * How much may stay open: bytes of weights, 0 for nothing between jobs, and the memory mappings that the process may have.
 */
export type Budget = Readonly<{ bytes: number; mappings?: number | undefined }>;

type Entry = {
  readonly name: string;
  readonly session: Promise<Session>;
  readonly files: readonly FileStamp[];
  /** Files that the weights lie in. */
  readonly paths: ReadonlySet<string>;
  readonly footprint: Footprint;
  readonly bytes: number;
  readonly mappings: number;
  usedAt: number;
};

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
  readonly #entries = new Map<string, Entry>();
  /** Keys of what the running job uses. */
  #held: ReadonlySet<string> = new Set();
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

  /** Whether an open network has weights in this file. */
  isUsing(path: string): boolean {
    return [...this.#entries.values()].some(({ paths }) => paths.has(path));
  }

  /**
   * Takes a job in: the networks it will use stay open, once they are, until {@link endJob}.
   *
   * @throws EngineError `out-of-memory` if one of them alone is larger than a budget that is not 0, with both numbers
   */
  startJob(networks: readonly NetworkRequest[]): void {
    const budget = this.#budget.bytes;
    const sizes = networks.map(({ key, name, bytes }) => ({
      name,
      needed: this.#entries.get(key)?.bytes ?? bytes?.() ?? 0,
    }));
    const [largest] = sizes.toSorted((a, b) => b.needed - a.needed);
    if (largest !== undefined && budget > 0 && largest.needed > budget)
      throw tooLarge(largest.name, largest.needed, budget);
    this.#held = new Set(networks.map(({ key }) => key));
  }

  /** The job is over: what is more than the budget is closed. */
  async endJob(): Promise<void> {
    this.#held = new Set();
    await this.#makeRoom(nothing);
  }

  /**
   * The session of a network, opened if it is not. Where memory does not suffice, all others are closed and it is tried
   * once more.
   *
   * @throws EngineError as {@link Session.open}, ModelError as the network's function, or where a file was replaced
   */
  async session(request: NetworkRequest): Promise<Session> {
    this.#clock += 1;
    const known = this.#entries.get(request.key);
    if (known !== undefined) {
      known.usedAt = this.#clock;
      return known.session;
    }
    const started = performance.now();
    const graph = await request.draw();
    const entry = this.#entryOf(request, graph);
    await this.#makeRoom(entry);
    try {
      const session = await this.#open(request.key, graph, entry);
      await this.#refuseReplaced(request);
      const ms = Math.round(performance.now() - started);
      const { name, bytes, mappings } = entry;
      this.#log.info("opened a network", { network: name, bytes, mappings, ms });
      this.#onChange(this.resident);
      return session;
    } catch (thrown) {
      throw this.#explained(thrown, entry.mappings);
    }
  }

  /**
   * Opens a network if it is not, and runs it once. Where memory does not suffice, all others are closed and it is tried
   * once more.
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
      throw this.#explained(thrown, 0);
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

  async #open(key: string, graph: Graph, entry: Omit<Entry, "session">): Promise<Session> {
    return await this.#withMemory(key, async () => {
      const session = Session.open(graph, this.#options);
      this.#entries.set(key, { ...entry, session });
      try {
        return await session;
      } catch (thrown) {
        this.#entries.delete(key);
        throw thrown;
      }
    });
  }

  /** Tries; where memory does not suffice again without what is not of the job, then without the job's others. */
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

  /** Closes what is not the running job's until there is room, and for mappings, which have no more, that too. */
  async #makeRoom(wanted: Wanted): Promise<void> {
    const before = this.#entries.size;
    while (!(this.#bytesFit(wanted) && this.#mapsFit(wanted.mappings))) {
      const victim = this.#oldest((entry) => this.#frees(entry, wanted)) ?? this.#mapped(wanted);
      if (victim === undefined) break;
      await this.#release(victim);
    }
    if (this.#entries.size < before) trimMemory();
  }

  /** Whether closing it, and all others that are not the job's, gives bytes or mappings that are wanted. */
  #frees({ footprint }: Entry, wanted: Wanted): boolean {
    if (!this.#mapsFit(wanted.mappings)) return true;
    const kept = this.#footprints((key) => this.#held.has(key)).concat(wanted.footprint);
    return totalBytes([...kept, footprint]) > totalBytes(kept);
  }

  /** A network of the job, where mappings are wanted. */
  #mapped({ mappings }: Wanted): string | undefined {
    if (this.#mapsFit(mappings)) return undefined;
    const [oldest] = [...this.#entries].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    return oldest?.[0];
  }

  /** What is not of the job and was not used for longest. */
  #oldest(wanted: (entry: Entry) => boolean): string | undefined {
    const others = [...this.#entries].filter(([key, entry]) => !this.#held.has(key) && wanted(entry));
    const [oldest] = others.sort(([, a], [, b]) => a.usedAt - b.usedAt);
    return oldest?.[0];
  }

  #footprints(wanted: (key: string) => boolean): readonly Footprint[] {
    return [...this.#entries].filter(([key]) => wanted(key)).map(([, { footprint }]) => footprint);
  }

  #bytesFit({ footprint }: Wanted): boolean {
    const all = this.#footprints(() => true).concat(footprint);
    return totalBytes(all) <= this.#budget.bytes;
  }

  #mapsFit(wanted: number): boolean {
    const limit = this.#budget.mappings;
    return limit === undefined || mappingCount() + wanted + mappingMargin(limit) <= limit;
  }

  /** @returns whether anything was closed */
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

  #entryOf({ name, files }: NetworkRequest, graph: Graph): Omit<Entry, "session"> {
    const weights = [...graph.weights.values()].filter(({ inline }) => !inline);
    const footprint = footprintOf(graph, files, placeOf(this.#options));
    return {
      name,
      files,
      paths: new Set(weights.map(({ ref }) => ref.path)),
      footprint,
      bytes: totalBytes([footprint]),
      mappings: weights.length,
      usedAt: this.#clock,
    };
  }

  /** A want of memory may be one of mappings: the system's word for both is the same. */
  #explained(thrown: unknown, wanted: number): unknown {
    const limit = this.#budget.mappings;
    if (!isMemory(thrown) || limit === undefined) return thrown;
    const count = mappingCount();
    if (count + wanted < limit - nearly) return thrown;
    const words = thrown.cause instanceof Error ? thrown.cause.message.trim() : thrown.message;
    return new EngineError(
      "out-of-memory",
      `A network found no room: ${words} The process has ${count} memory mappings and wants ${wanted} more, the system ` +
        `allows ${limit}. Raise vm.max_map_count (sysctl -w vm.max_map_count=${4 * limit}, for a container on its host).`,
      { mappings: count, wanted, limit },
      thrown,
    );
  }
}

/** What room is made for. */
type Wanted = Readonly<{ footprint: Footprint; mappings: number }>;

const nothing: Wanted = { footprint: { mapped: new Map(), copied: 0 }, mappings: 0 };

/** A device has its own copy of every weight. */
const placeOf = ({ provider, weights }: SessionOptions): "mapped" | "copied" =>
  provider === "cpu" && weights === "in-place" ? "mapped" : "copied";

/** So near to the limit it is the limit that was met. */
const nearly = 64;

const isMemory = (thrown: unknown): thrown is EngineError =>
  thrown instanceof EngineError && thrown.code === "out-of-memory";
