import type { HistoryStore, WaitingDelivery } from "#/stores/history.ts";

/** Milliseconds for which a delivery is one server's to post: longer than a receiver is waited for. */
const held = 120_000;

/** Milliseconds between two looks for deliveries whose server is gone. */
export const shareEvery = 60_000;

/** Which deliveries of an outbox are this server's to post, where several servers have it open. */
export class WebhookShares {
  readonly #history: Pick<HistoryStore, "claim" | "deliveries">;
  readonly #holder = crypto.randomUUID();

  constructor(history: Pick<HistoryStore, "claim" | "deliveries">) {
    this.#history = history;
  }

  /** Whether other servers may post, too. */
  get areShared(): boolean {
    return this.#history.claim !== undefined;
  }

  /** Takes a delivery for a time. @throws EngineError `storage-failed` */
  async take(waiting: WaitingDelivery): Promise<boolean> {
    return (await this.#history.claim?.(waiting, this.#holder, held)) ?? true;
  }

  /** What should have been posted by now: whoever was to do it may be gone. @throws EngineError `storage-failed` */
  async overdue(now: number): Promise<readonly WaitingDelivery[]> {
    return (await this.#history.deliveries()).filter(({ nextAt }) => nextAt < now - shareEvery);
  }
}
