import { atMost } from "#/lib/at-most.ts";
import type { Log } from "#/lib/log.ts";
import type { Delivery, HistoryStore, WaitingDelivery } from "#/stores/history.ts";
import type { Task } from "../life-cycle/task.ts";
import { WebhookLanes } from "./webhook-lanes.ts";
import { WebhookNotes } from "./webhook-notes.ts";
import { postWebhook, type WebhookOptions } from "./webhook-post.ts";
import { WebhookShares } from "./webhook-shares.ts";

/** Waits before each further try: from seconds to hours, about a day in all. */
const waits = [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800].map((seconds) => seconds * 1000);

/** Receivers that are posted to at the same time. Each has one post at a time; more of them take turns. */
const mostLanes = 32;

/** What became of a post: it arrived, will be tried again, or was the last try. */
export type WebhookOutcome = "delivered" | "failed" | "given-up";

/** Who is told what became of each post. */
type Counting = Readonly<{ told?: (outcome: WebhookOutcome) => void }>;

/** Milliseconds between two looks for what servers that are gone left; for tests. */
type Sharing = Readonly<{ shareEvery?: number }>;

/** Until a history that could not be read is asked again. */
const unreadableWait = 60_000;

/** What is under way at the end may still arrive, so that the next start does not post it again. */
const closingMilliseconds = 1000;

/**
 * Tells the world that tasks ended. What is to be told lies in the history with the end itself, so neither a crash nor
 * a receiver that is down loses it; a receiver may therefore hear the same `webhook-id` twice. When it is told is kept
 * in memory and only written down in the history. Where several servers have that open, each asks it before it posts.
 */
export class Webhooks {
  readonly #history: HistoryStore;
  readonly #options: WebhookOptions & Counting;
  readonly #now: () => number;
  readonly #log: Log;
  readonly #notes: WebhookNotes;
  readonly #shares: WebhookShares;
  readonly #sharing: ReturnType<typeof setInterval> | undefined;
  readonly #lanes = new WebhookLanes();
  readonly #posting = new Map<string, Promise<void>>();
  /** What was added before the outbox was read; nothing once it was. */
  #since: Map<string, WaitingDelivery> | undefined = new Map();
  /** Whether the outbox is being read, and was asked for once more meanwhile. */
  #isReading = false;
  #isAskedAgain = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Nothing more is posted. */
  #closed = false;
  /** Nothing more is written. */
  #left = false;

  constructor(
    history: HistoryStore,
    options: WebhookOptions & Counting & Sharing,
    now: () => number,
    log: Log,
  ) {
    this.#history = history;
    this.#options = options;
    this.#now = now;
    this.#log = log;
    this.#notes = new WebhookNotes(history, log);
    this.#shares = new WebhookShares(history, options.shareEvery);
    if (this.#shares.areShared)
      this.#sharing = setInterval(() => void this.#takeOver(), this.#shares.every).unref();
  }

  /** What the outbox gets when this task ends; nothing if nobody wants to hear it. */
  deliveryFor({ id, webhookUrl: url }: Task, body: () => string): Delivery | undefined {
    if (url === "") return undefined;
    return { id: `msg_${id}`, url, body: body(), attempts: 0, nextAt: this.#now() };
  }

  /** Posts a delivery that has just been written into the outbox. */
  add({ id, url, attempts, nextAt }: Delivery): void {
    const delivery = { id, url, attempts, nextAt };
    if (this.#since === undefined) this.#lanes.add(delivery);
    else this.#since.set(id, delivery);
    this.wake();
  }

  /** Posts what is due; later looks come by themselves. */
  wake(): void {
    if (this.#closed) return;
    if (this.#since === undefined) this.#post();
    else if (this.#isReading) this.#isAskedAgain = true;
    else void this.#read(this.#since);
  }

  #post(): void {
    const busy: ReadonlySet<string> = new Set(this.#posting.keys());
    this.#lanes.forgetIdle(busy);
    const taken = new Set(busy);
    while (taken.size < mostLanes) {
      const next = this.#lanes.take(this.#now(), taken);
      if (next === undefined) break;
      taken.add(next.host);
      const posting = this.#deliver(next.delivery).finally(() => {
        this.#posting.delete(next.host);
        this.wake();
      });
      this.#posting.set(next.host, posting);
    }
    // With every lane in use, the next one that ends looks again.
    const at = taken.size < mostLanes ? this.#lanes.nextAt(taken) : undefined;
    if (at !== undefined) this.#lookIn(at - this.#now());
  }

  /** Posts nothing more; waits a moment for what is under way, so that what arrived is known to have. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#sharing);
    await atMost(closingMilliseconds, Promise.all(this.#posting.values()));
    this.#left = true;
    await this.#notes.close();
  }

  /** Reads the outbox, once. Never throws. @param since what is not read again though it may be there by then */
  async #read(since: ReadonlyMap<string, WaitingDelivery>): Promise<void> {
    this.#isReading = true;
    try {
      const deliveries = await this.#history.deliveries();
      for (const delivery of deliveries) if (!since.has(delivery.id)) this.#lanes.add(delivery);
      for (const delivery of since.values()) this.#lanes.add(delivery);
      this.#since = undefined;
    } catch (thrown) {
      this.#log.error("webhooks have to wait, their outbox cannot be read", { error: String(thrown) });
      this.#lookIn(unreadableWait);
    }
    const isAsked = this.#isAskedAgain;
    this.#isReading = false;
    this.#isAskedAgain = false;
    if (this.#since === undefined || isAsked) this.wake();
  }

  #lookIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(milliseconds, 50), 60_000));
    this.#timer.unref();
  }

  /** Never throws. */
  async #deliver(waiting: WaitingDelivery): Promise<void> {
    const { id, url } = waiting;
    const body = await this.#bodyOf(waiting);
    if (body === undefined || this.#closed || !(await this.#isMine(waiting))) return;
    const reason = await postWebhook({ id, url, body }, this.#options, this.#now());
    // The history may be closed when an answer comes that nobody waited for.
    if (this.#left) return;
    if (reason !== undefined) return await this.#retry(waiting, reason);
    this.#options.told?.("delivered");
    await this.#notes.over(id);
  }

  /** Nothing if it is not there any more, or cannot be read now. */
  async #bodyOf(waiting: WaitingDelivery): Promise<string | undefined> {
    try {
      return await this.#history.deliveryBody(waiting.id);
    } catch (thrown) {
      this.#log.error("a webhook has to wait, it cannot be read", { id: waiting.id, error: String(thrown) });
      this.#lanes.add({ ...waiting, nextAt: this.#now() + unreadableWait });
      return undefined;
    }
  }

  /**
   * One that another server has is dropped here: what is known of it is old as soon as that one has tried. It comes again with
   * what that server leaves behind.
   */
  async #isMine(waiting: WaitingDelivery): Promise<boolean> {
    try {
      return await this.#shares.take(waiting);
    } catch {
      this.#lanes.add({ ...waiting, nextAt: this.#now() + unreadableWait });
      return false;
    }
  }

  /** What servers that are gone left behind. */
  async #takeOver(): Promise<void> {
    try {
      const overdue = await this.#shares.overdue(this.#now());
      const known = this.#lanes.ids();
      for (const delivery of overdue) if (!known.has(delivery.id)) this.#lanes.add(delivery);
      this.wake();
    } catch (thrown) {
      this.#log.warn("webhooks of other servers could not be looked for", { error: String(thrown) });
    }
  }

  async #retry(waiting: WaitingDelivery, reason: string): Promise<void> {
    const { id, url, attempts } = waiting;
    const wait = waits[attempts];
    this.#options.told?.(wait === undefined ? "given-up" : "failed");
    if (wait === undefined) {
      this.#log.error("a webhook is given up", { id, url, attempts, reason });
      return await this.#notes.over(id);
    }
    this.#log.warn("a webhook did not arrive", { id, url, attempts, reason });
    const again = { ...waiting, attempts: attempts + 1, nextAt: this.#now() + wait };
    this.#lanes.add(again);
    await this.#notes.again(id, again.attempts, again.nextAt);
  }
}
