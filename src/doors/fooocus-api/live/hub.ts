import { writeJson } from "#/api/json.ts";
import { type Addresses, eventFor } from "#/routes/answers/addresses.ts";
import type { LiveEvent } from "#/tasks/life-cycle/events.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import type { LiveLimits } from "./limits.ts";
import type { Peer } from "./peer.ts";
import { hasPreview, type PreviewEvent, previewFrame, wireEvent } from "./wire-event.ts";

/**
 * All connections. Listens to the tasks while there are any; an event is made into text once for each name the
 * server is asked under, a preview at most once.
 */
export class Hub {
  readonly #tasks: Pick<TaskReader, "subscribe" | "running">;
  readonly #limits: LiveLimits;
  readonly #peers = new Map<Peer, Addresses>();
  #stopListening: () => void = () => undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The preview that is being encoded, and the newest that came meanwhile. */
  #encoding = false;
  #next: PreviewEvent | undefined;

  constructor(tasks: Pick<TaskReader, "subscribe" | "running">, limits: LiveLimits) {
    this.#tasks = tasks;
    this.#limits = limits;
  }

  join(peer: Peer, addresses: Addresses): void {
    this.#peers.set(peer, addresses);
    if (this.#peers.size > 1) return;
    this.#stopListening = this.#tasks.subscribe((event) => this.#tell(event));
    this.#timer = setInterval(() => this.#check(Date.now()), this.#limits.tick);
    this.#timer.unref();
  }

  leave(peer: Peer): void {
    if (!this.#peers.delete(peer) || this.#peers.size > 0) return;
    this.#stopListening();
    clearInterval(this.#timer);
  }

  /** Whether a preview is still of a picture at hand. */
  readonly isCurrent = ({ taskId }: PreviewEvent): boolean =>
    this.#tasks.running().some(({ id }) => id === taskId);

  #check(now: number): void {
    for (const peer of this.#peers.keys()) peer.check(now);
  }

  #tell(event: LiveEvent): void {
    if (event.type === "closing") {
      const last = writeJson(wireEvent(event));
      for (const peer of [...this.#peers.keys()]) peer.part(event, last);
      return;
    }
    const texts = new Map<string, string>();
    for (const [peer, addresses] of this.#peers) {
      if (!peer.subscription.wants(event.taskId)) continue;
      const text = texts.get(addresses.base) ?? writeJson(wireEvent(eventFor(event, addresses)));
      texts.set(addresses.base, text);
      peer.tell(event, text);
    }
    if (hasPreview(event)) void this.#preview(event);
  }

  /** One at a time: when steps are faster than encoding, those in between are left out. */
  async #preview(event: PreviewEvent): Promise<void> {
    if (this.#encoding) {
      this.#next = event;
      return;
    }
    this.#encoding = true;
    for (let one: PreviewEvent | undefined = event; one !== undefined; one = this.#taken()) {
      const shown = one;
      const readers = [...this.#peers.keys()].filter((peer) => peer.takesPreview(shown));
      if (readers.length === 0) continue;
      // A picture that cannot be encoded is a preview less.
      const frame = await previewFrame(shown).catch(() => undefined);
      if (frame === undefined || !this.isCurrent(shown)) continue;
      for (const peer of readers) peer.preview(shown, frame);
    }
    this.#encoding = false;
  }

  #taken(): PreviewEvent | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }
}
