import { createHmac } from "node:crypto";
import type { Log } from "#/lib/log.ts";
import type { Delivery, HistoryStore } from "#/stores/history.ts";
import { safeFetch } from "./safe-fetch.ts";
import type { Task } from "./task.ts";

export type WebhookOptions = Readonly<{
  /** Signs deliveries if not empty; `whsec_` and base64, or any text. */
  secret: string;
  /** FooocusAPI's form: the record as JSON, wrapped in a JSON string. */
  asText: boolean;
  /** For addresses that requests name. */
  allowPrivate: boolean;
  /** The operator's own address, which may be private. */
  own?: string;
}>;

/** Waits before each further try: from seconds to hours, about a day in all. */
const waits = [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800].map((seconds) => seconds * 1000);

/**
 * Tells the world that tasks ended. What is to be told lies in the history with the end itself, so neither a crash nor
 * a receiver that is down loses it; a receiver may therefore hear the same `webhook-id` twice.
 */
export class Webhooks {
  readonly #history: HistoryStore;
  readonly #options: WebhookOptions;
  readonly #now: () => number;
  readonly #log: Log;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;
  #closed = false;

  constructor(history: HistoryStore, options: WebhookOptions, now: () => number, log: Log) {
    this.#history = history;
    this.#options = options;
    this.#now = now;
    this.#log = log;
  }

  /** What the outbox gets when this task ends; nothing if nobody wants to hear it. */
  deliveryFor(task: Task, record: () => string): Delivery | undefined {
    if (task.webhookUrl === "") return undefined;
    // The string form is FooocusAPI's; the older API posts an object.
    const body = this.#options.asText && task.legacyJob === null ? JSON.stringify(record()) : record();
    return { id: `msg_${task.id}`, url: task.webhookUrl, body, attempts: 0, nextAt: this.#now() };
  }

  /** Looks at the outbox now; later looks come by themselves. */
  wake(): void {
    if (this.#busy || this.#closed) return;
    clearTimeout(this.#timer);
    this.#busy = true;
    void this.#deliverDue()
      .finally(() => {
        this.#busy = false;
        this.#sleep();
      })
      .catch((thrown: unknown) => this.#log.error("webhooks have to wait", { error: String(thrown) }));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #sleep(): void {
    if (this.#closed) return;
    const next = this.#history.nextDelivery();
    if (next === undefined) return;
    this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(next - this.#now(), 50), 60_000));
    this.#timer.unref();
  }

  async #deliverDue(): Promise<void> {
    const due = this.#history.due(this.#now());
    await Promise.all(due.map((delivery) => this.#deliver(delivery)));
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const reason = await this.#send(delivery);
    if (this.#closed) return;
    if (reason === undefined) this.#history.delivered(delivery.id);
    else this.#retry(delivery, reason);
  }

  /** @returns why it did not arrive, or nothing if it did */
  async #send({ id, url, body }: Delivery): Promise<string | undefined> {
    const { allowPrivate, own } = this.#options;
    try {
      const { status } = await safeFetch(
        { url, method: "POST", headers: this.#headers(id, body), body },
        { maxBytes: 100_000, milliseconds: 15_000, redirects: 0, allowPrivate: allowPrivate || url === own },
      );
      return status >= 200 && status < 300 ? undefined : `status ${status}`;
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : String(thrown);
    }
  }

  #retry({ id, url, attempts }: Delivery, reason: string): void {
    const wait = waits[attempts];
    if (wait === undefined) {
      this.#log.error("a webhook is given up", { id, url, attempts, reason });
      return this.#history.delivered(id);
    }
    this.#log.warn("a webhook did not arrive", { id, url, attempts, reason });
    this.#history.reschedule(id, attempts + 1, this.#now() + wait);
  }

  /** Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 of `id.timestamp.body`. */
  #headers(id: string, body: string): Record<string, string> {
    const timestamp = String(Math.floor(this.#now() / 1000));
    const headers = { "content-type": "application/json", "webhook-id": id, "webhook-timestamp": timestamp };
    const { secret } = this.#options;
    if (secret === "") return headers;
    const key = secret.startsWith("whsec_")
      ? Buffer.from(secret.slice(6), "base64")
      : Buffer.from(secret, "utf8");
    const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
    return { ...headers, "webhook-signature": `v1,${signature}` };
  }
}
