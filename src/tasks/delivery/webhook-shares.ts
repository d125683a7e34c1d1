import type { HistoryStore, WaitingDelivery } from "#/stores/history.ts";

/** Milliseconds for which a delivery is one server's to post: longer than a receiver is waited for. */
const held = 120_000;

/** Milliseconds between two looks for deliveries whose server is gone. */
const usualLooks = 60_000;

/** Which deliveries of an outbox are this server's to post, where several servers have it open. */
export class WebhookShares {
  readonly #history: Pick<HistoryStore, "claim" | "deliveries">;
  readonly #holder = crypto.randomUUID();
  /** Milliseconds between two looks. */
  readonly every: number;

  /** @param every others in tests */
  constructor(history: Pick<HistoryStore, "claim" | "deliveries">, every = usualLooks) {
    this.#history = history;
    this.every = every;
  }

  /** Whether other servers may post, too. */
  get areShared(): boolean {
    return this.#history.claim !== undefined;
  }

  /**
   * Takes a delivery for a time.
   *
   * @returns false where another server has it, or something became of it since it was read: what is to become of it then, the
   *   history alone knows, and {@link overdue} tells it
   * @throws EngineError `storage-failed`
   */
  async take(waiting: WaitingDelivery): Promise<boolean> {
    return (await this.#history.claim?.(waiting, this.#holder, held)) ?? true;
  }

  /** What should have been posted by now: whoever was to do it may be gone. @throws EngineError `storage-failed` */
  async overdue(now: number): Promise<readonly WaitingDelivery[]> {
    return (await this.#history.deliveries()).filter(({ nextAt }) => nextAt < now - this.every);
  }
}
