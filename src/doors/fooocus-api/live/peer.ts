import { type JsonObject, writeJson } from "#/api/json.ts";
import type { LiveEvent } from "#/tasks/life-cycle/events.ts";
import { closeCodes, type LiveLimits } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import { Subscription } from "./subscription.ts";
import { hasPreview, type PreviewEvent, previewFrame, wireEvent } from "./wire-event.ts";

type Socket = Pick<Bun.ServerWebSocket<unknown>, "send" | "ping" | "close" | "getBufferedAmount">;

/** One connection of the live channel: what it wants, what it has still to be told, and whether it is still there. */
export class Peer {
  readonly subscription = new Subscription();
  readonly #socket: Socket;
  readonly #limits: LiveLimits;
  readonly #outbox: Outbox;
  readonly #openedAt: number;
  #locked: boolean;
  #closed = false;
  #bad = 0;
  #heardAt: number;
  #pingedAt: number;
  #movedAt: number;
  #newestPreview = 0;

  /** @param locked until it has said the key */
  constructor(socket: Socket, limits: LiveLimits, locked: boolean, now: number) {
    this.#socket = socket;
    this.#limits = limits;
    this.#locked = locked;
    this.#openedAt = this.#heardAt = this.#pingedAt = this.#movedAt = now;
    const wire = {
      send: (data: string | Uint8Array) => socket.send(data),
      buffered: () => socket.getBufferedAmount(),
    };
    this.#outbox = new Outbox(wire, limits.crowdedBytes);
  }

  get locked(): boolean {
    return this.#locked;
  }

  get closed(): boolean {
    return this.#closed;
  }

  unlock(): void {
    this.#locked = false;
  }

  /** Anything came, be it an answer to a ping. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** Counts what was bad in a row. */
  judge(good: boolean): void {
    this.#bad = good ? 0 : this.#bad + 1;
    const { badMessages } = this.#limits;
    if (this.#bad >= badMessages) this.close(closeCodes.badMessages, `${badMessages} bad messages in a row`);
  }

  reply(message: JsonObject): void {
    this.#push(writeJson(message));
  }

  /** @param text the event as JSON, made once for all readers */
  tell(event: LiveEvent, text: string): void {
    this.#push(text, event);
    if (event.type === "settled") this.subscription.forget(event.taskId);
  }

  /** Whether a preview of this task would be sent. */
  takesPreview({ taskId, seq }: PreviewEvent): boolean {
    const wanted =
      !this.#closed && this.subscription.wants(taskId) && this.subscription.wantsPreviews(taskId);
    return wanted && seq > this.#newestPreview && !this.#outbox.crowded;
  }

  /** Sends a preview, unless there is no room for it or a newer one was sent. */
  preview(event: PreviewEvent, frame: Uint8Array): void {
    if (this.takesPreview(event) && this.#outbox.pushPreview(frame)) this.#newestPreview = event.seq;
  }

  /** Tells what it missed. @param isCurrent whether a task still runs: a picture of one that has ended is late */
  async catchUp(missed: readonly LiveEvent[], isCurrent: (event: PreviewEvent) => boolean): Promise<void> {
    const newest = new Map(missed.map((event) => [`${event.type} ${event.taskId}`, event]));
    for (const event of missed) {
      // Overtaken progress would only be taken out again.
      const overtaken = event.type === "progress" && newest.get(`progress ${event.taskId}`) !== event;
      if (this.#closed || (overtaken && this.#outbox.crowded)) continue;
      this.tell(event, writeJson(wireEvent(event)));
    }
    for (const event of missed.filter(hasPreview)) {
      if (!this.takesPreview(event)) continue;
      const frame = await previewFrame(event);
      if (frame !== undefined && isCurrent(event)) this.preview(event, frame);
    }
  }

  /** The reader has taken something: more is sent. */
  drained(): void {
    if (!this.#closed) this.#outbox.flush();
  }

  /** To be called often: pings, and ends what is silent or too slow. */
  check(now: number): void {
    if (this.#closed) return;
    const { auth, ping, silent, stalled } = this.#limits;
    this.#outbox.flush();
    if (this.#outbox.moved()) this.#movedAt = now;
    if (this.#locked && now - this.#openedAt >= auth) this.close(closeCodes.noKey, "no key was said in time");
    else if (now - this.#movedAt >= stalled) this.close(closeCodes.tooSlow, "nothing was read for too long");
    else if (now - this.#heardAt >= silent) this.close(closeCodes.leaving, "nothing was heard for too long");
    else if (now - this.#pingedAt >= ping) {
      this.#pingedAt = now;
      this.#socket.ping();
    }
  }

  /** The server goes: says so to whoever may hear anything, and ends. */
  part(event: LiveEvent, text: string): void {
    if (!this.#locked) this.tell(event, text);
    this.close(closeCodes.leaving, "the server is shutting down");
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.left();
    this.#socket.close(code, reason);
  }

  /** The connection is gone. */
  left(): void {
    this.#closed = true;
    this.#outbox.clear();
    this.subscription.remove("all");
  }

  #push(text: string, event?: LiveEvent): void {
    if (this.#closed) return;
    this.#outbox.push(text, event?.type === "progress" ? event.taskId : undefined);
    if (this.#outbox.unsent > this.#limits.mostBytes)
      this.close(closeCodes.tooSlow, "too much was left unread; come back with since");
  }
}
