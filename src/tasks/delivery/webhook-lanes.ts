import type { WaitingDelivery } from "#/stores/history.ts";

/** What waits for one receiver, soonest first, and when it had its last turn. */
type Lane = { readonly waiting: WaitingDelivery[]; turn: number };

/**
 * Who waits for which webhooks. A receiver is a host and its port: what goes to one goes there one after the other, and
 * holds up nobody else's.
 */
export class WebhookLanes {
  readonly #lanes = new Map<string, Lane>();
  #turns = 0;

  /** Puts a delivery where its time says; behind others of the same time. */
  add(delivery: WaitingDelivery): void {
    const host = hostOf(delivery.url);
    const lane = this.#lanes.get(host) ?? { waiting: [], turn: 0 };
    this.#lanes.set(host, lane);
    const before = lane.waiting.findLastIndex(({ nextAt }) => nextAt <= delivery.nextAt);
    lane.waiting.splice(before + 1, 0, delivery);
  }

  /** Which deliveries wait. */
  ids(): ReadonlySet<string> {
    return new Set(this.#lanes.values().flatMap(({ waiting }) => waiting.map(({ id }) => id)));
  }

  /**
   * Takes the next delivery of the receiver that has waited longest for a turn.
   *
   * @param busy receivers that are not to be asked
   */
  take(
    now: number,
    busy: ReadonlySet<string>,
  ): Readonly<{ host: string; delivery: WaitingDelivery }> | undefined {
    let best: Readonly<{ host: string; lane: Lane }> | undefined;
    for (const [host, lane] of this.#lanes) {
      const due = (lane.waiting[0]?.nextAt ?? Number.POSITIVE_INFINITY) <= now;
      if (due && !busy.has(host) && (best === undefined || lane.turn < best.lane.turn)) best = { host, lane };
    }
    const delivery = best?.lane.waiting.shift();
    if (best === undefined || delivery === undefined) return undefined;
    this.#turns += 1;
    best.lane.turn = this.#turns;
    return { host: best.host, delivery };
  }

  /** When the next delivery is due, apart from those of busy receivers; milliseconds since 1970. */
  nextAt(busy: ReadonlySet<string>): number | undefined {
    let next: number | undefined;
    for (const [host, { waiting }] of this.#lanes) {
      const at = waiting[0]?.nextAt;
      if (at !== undefined && !busy.has(host) && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  /** Forgets receivers for whom nothing waits, so that their number does not grow for ever. */
  forgetIdle(busy: ReadonlySet<string>): void {
    for (const [host, { waiting }] of this.#lanes)
      if (waiting.length === 0 && !busy.has(host)) this.#lanes.delete(host);
  }
}

const hostOf = (url: string): string => URL.parse(url)?.host ?? url;
