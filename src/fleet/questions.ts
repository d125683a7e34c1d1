import type { ModelFile } from "./jobs.ts";

/** Bytes that the picture of a question may have as a file: a PNG of 4096 x 4096 pixels of noise, and a quarter more. */
export const mostQuestionBytes = 64 * 1024 ** 2;

/** A question about a picture. Nothing of it is kept: it lies in Redis for as long as somebody waits for the answer. */
export type Question = Readonly<{
  /** What is asked: JSON. */
  text: string;
  /** The files without which it cannot be answered. */
  needs: readonly ModelFile[];
  /** A file, of at most {@link mostQuestionBytes}. */
  picture: Uint8Array;
}>;

/** An answer: JSON, and a file where one belongs to it. */
export type Reply = Readonly<{ text: string; file?: Uint8Array }>;

/** What whoever asks does while a question waits. */
export type Asking = Readonly<{
  /** Ends the question. */
  signal: AbortSignal;
  /** Looks, about every second while nobody has taken it, whether somebody is there who could. What it throws ends the question. */
  check: () => void;
  /** It lies there to be taken: for the first time, or again. */
  ring: () => void;
}>;

/** A question that this worker took. It is renewed until it is answered or let go. */
export interface TakenQuestion {
  readonly text: string;
  /** Aborted when nobody waits for the answer any more, or another worker has the question by now. */
  readonly over: AbortSignal;
  /** @throws EngineError `fleet-unavailable`, or `interrupted` where it is gone */
  picture(): Promise<Uint8Array>;
  /** Nobody hears it where nobody waits any more. @throws EngineError `fleet-unavailable` */
  answer(reply: Reply): Promise<void>;
  /** Another one may take it. Never throws: of one that cannot be told the time runs out. */
  letGo(): Promise<void>;
}

/** Questions of heads, which workers answer. */
export interface Questions {
  /**
   * Asks, and waits for the answer. One that a worker took and did not answer is given to another one, once.
   *
   * @throws EngineError `interrupted` when the signal ends it, `worker-died` when two workers were lost with it,
   *   `fleet-unavailable` within ten seconds; what `check` throws
   */
  ask(question: Question, asking: Asking): Promise<Reply>;
  /** Takes the question that waits longest of those that `can` be answered. @throws EngineError `fleet-unavailable` */
  next(can: (needs: readonly ModelFile[]) => boolean): Promise<TakenQuestion | undefined>;
}
