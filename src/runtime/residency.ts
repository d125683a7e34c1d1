import type { Graph } from "#/graph/graph.ts";
import type { Log } from "#/lib/log.ts";
import { trimMemory } from "./memory.ts";
import { Session, type SessionOptions } from "./session.ts";

/** What is open, for people: a name and the bytes of its weights. */
export type Resident = Readonly<{ name: string; bytes: number }>;

type Entry = { readonly name: string; readonly session: Promise<Session>; bytes: number; usedAt: number };

/**
 * Keeps networks open between jobs, within a budget of bytes; the one that was not used for longest goes first. Weights
 * that are mapped in place count too: they are what the page cache must hold for the next run to be fast.
 */
export class Residency {
  readonly #options: SessionOptions;
  readonly #budget: number;
  readonly #log: Log;
  readonly #onChange: (resident: readonly Resident[]) => void;
  readonly #entries = new Map<string, Entry>();
  #clock = 0;

  constructor(
    options: SessionOptions,
    budget: number,
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

  /**
   * The session of a network, opened if it is not.
   *
   * @param key  everything the graph depends on: file, its stamp, network, features
   * @param name for people
   * @param draw makes the graph; called on a miss only
   * @throws EngineError as {@link Session.open}, ModelError as the network's function
   */
  async session(key: string, name: string, draw: () => Graph): Promise<Session> {
    this.#clock += 1;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.usedAt = this.#clock;
      return known.session;
    }
    const started = performance.now();
    const graph = draw();
    const bytes = [...graph.weights.values()].reduce((sum, { ref }) => sum + ref.length, 0);
    await this.#makeRoom(bytes);
    const entry: Entry = { name, session: Session.open(graph, this.#options), bytes, usedAt: this.#clock };
    this.#entries.set(key, entry);
    try {
      const session = await entry.session;
      const ms = Math.round(performance.now() - started);
      this.#log.info("opened a network", { network: name, bytes, ms });
      this.#onChange(this.resident);
      return session;
    } catch (thrown) {
      this.#entries.delete(key);
      throw thrown;
    }
  }

  /** Closes everything. */
  async close(): Promise<void> {
    for (const key of [...this.#entries.keys()]) await this.#release(key);
    trimMemory();
  }

  async #makeRoom(bytes: number): Promise<void> {
    const total = (): number => [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    let released = false;
    while (this.#entries.size > 0 && total() + bytes > this.#budget) {
      const [oldest] = [...this.#entries].sort(([, a], [, b]) => a.usedAt - b.usedAt);
      if (oldest === undefined) break;
      await this.#release(oldest[0]);
      released = true;
    }
    if (released) trimMemory();
  }

  async #release(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    await (await entry.session).release();
    this.#log.info("closed a network", { network: entry.name, bytes: entry.bytes });
    this.#onChange(this.resident);
  }
}
