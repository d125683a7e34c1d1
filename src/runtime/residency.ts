import { existsSync } from "node:fs";
import type { Graph } from "#/graph/graph.ts";
import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { assertUnchanged, type FileStamp, isUnchanged } from "#/weights/stamp.ts";
import { mappingCount, mappingMargin } from "./mappings.ts";
import { trimMemory } from "./memory.ts";
import { type IntTensor, Session, type SessionOptions } from "./session.ts";

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
}>;

/** How much may stay open: bytes of weights, and the memory mappings that the process may have. */
export type Budget = Readonly<{ bytes: number; mappings?: number | undefined }>;

type Entry = {
  readonly name: string;
  readonly session: Promise<Session>;
  readonly files: readonly FileStamp[];
  /** Files that the weights lie in. */
  readonly paths: ReadonlySet<string>;
  readonly bytes: number;
  readonly mappings: number;
  usedAt: number;
};

/** How often a network is drawn again whose derived file was removed before it could be opened. */
const redraws = 3;

/**
 * Keeps networks open between jobs, within a budget; the one that was not used for longest goes first. Weights
 * that are mapped in place count too: they are what the page cache must hold for the next run to be fast.
 */
export class Residency {
  readonly #options: SessionOptions;
  readonly #budget: Budget;
  readonly #log: Log;
  readonly #onChange: (resident: readonly Resident[]) => void;
  readonly #entries = new Map<string, Entry>();
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
    return this.#drawn(request, redraws);
  }

  /** @param left how often it may be drawn again because a file was gone when it should be opened */
  async #drawn(request: NetworkRequest, left: number): Promise<Session> {
    const started = performance.now();
    const graph = await request.draw();
    const entry = entryOf(request, graph, this.#clock);
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
      // A derived file that another server removed between drawing and opening is made again; a model file is not.
      const lost = [...entry.paths].some((path) => !existsSync(path));
      if (left > 0 && lost && request.files.every(isUnchanged)) return this.#drawn(request, left - 1);
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
      return await session.run(inputs);
    } catch (thrown) {
      if (!(isMemory(thrown) && (await this.#releaseOthers(request.key)))) throw this.#explained(thrown, 0);
    }
    try {
      return await session.run(inputs);
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
    const attempt = async (): Promise<Session> => {
      const session = Session.open(graph, this.#options);
      this.#entries.set(key, { ...entry, session });
      try {
        return await session;
      } catch (thrown) {
        this.#entries.delete(key);
        throw thrown;
      }
    };
    try {
      return await attempt();
    } catch (thrown) {
      if (!(isMemory(thrown) && (await this.#releaseOthers(key)))) throw thrown;
      return attempt();
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

  async #makeRoom(wanted: Readonly<{ bytes: number; mappings: number }>): Promise<void> {
    const bytes = (): number => [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    const fits = (): boolean =>
      bytes() + wanted.bytes <= this.#budget.bytes && this.#mapsFit(wanted.mappings);
    let released = false;
    while (this.#entries.size > 0 && !fits()) {
      const [oldest] = [...this.#entries].sort(([, a], [, b]) => a.usedAt - b.usedAt);
      if (oldest === undefined) break;
      await this.#release(oldest[0]);
      released = true;
    }
    if (released) trimMemory();
  }

  #mapsFit(wanted: number): boolean {
    const limit = this.#budget.mappings;
    return limit === undefined || mappingCount() + wanted + mappingMargin(limit) <= limit;
  }

  /** @returns whether anything was closed */
  async #releaseOthers(key: string): Promise<boolean> {
    const others = [...this.#entries.keys()].filter((other) => other !== key);
    for (const other of others) await this.#release(other, "memory is needed");
    trimMemory();
    return others.length > 0;
  }

  async #release(key: string, reason = "room is needed"): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    await (await entry.session).release();
    this.#log.info("closed a network", { network: entry.name, bytes: entry.bytes, reason });
    this.#onChange(this.resident);
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

/** So near to the limit it is the limit that was met. */
const nearly = 64;

const isMemory = (thrown: unknown): thrown is EngineError =>
  thrown instanceof EngineError && thrown.code === "out-of-memory";

function entryOf({ name, files }: NetworkRequest, graph: Graph, usedAt: number): Omit<Entry, "session"> {
  const weights = [...graph.weights.values()].filter(({ inline }) => !inline);
  return {
    name,
    files,
    paths: new Set(weights.map(({ ref }) => ref.path)),
    bytes: weights.reduce((sum, { ref }) => sum + ref.length, 0),
    mappings: weights.length,
    usedAt,
  };
}
