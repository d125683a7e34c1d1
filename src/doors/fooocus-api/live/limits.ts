/** What one reader of the live channel may cost; times in milliseconds. */
export type LiveLimits = Readonly<{
  /** Time to say the key. */
  auth: number;
  /** Between two pings. */
  ping: number;
  /** A peer that says nothing for so long, not even to a ping, is gone. */
  silent: number;
  /** A peer that takes nothing of what is there for so long is closed. */
  stalled: number;
  /** How often all of this is looked at. */
  tick: number;
  /** Unsent bytes from which on previews are dropped and progress is merged. */
  crowdedBytes: number;
  /** Unsent bytes at which a reader is cut off. */
  mostBytes: number;
  /** Bad messages in a row that end the patience. */
  badMessages: number;
  /** Messages that may wait for their turn. */
  waitingMessages: number;
}>;

const mebibyte = 1024 ** 2;

export const liveLimits: LiveLimits = {
  auth: 5000,
  ping: 20_000,
  silent: 60_000,
  stalled: 30_000,
  tick: 1000,
  crowdedBytes: mebibyte,
  mostBytes: 16 * mebibyte,
  badMessages: 10,
  waitingMessages: 1000,
};

/** Reasons for which the server ends a connection. */
export const closeCodes = {
  leaving: 1001,
  badMessages: 1008,
  tooMany: 1008,
  tooSlow: 1013,
  noKey: 4401,
} as const;
