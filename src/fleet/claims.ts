/** Something that one member has for itself, for a time. */
export interface Claim {
  /** Has it for the same time again. @returns false when it is another's, or nobody's, by now */
  renew(): Promise<boolean>;
  /** Lets go of it, if it is still this one's. */
  release(): Promise<void>;
}

/** Held as often as it can be had. */
export interface Office {
  readonly held: boolean;
  /** Lets go of it for good. */
  leave(): Promise<void>;
}

/** Who does what only one may do. */
export interface Claims {
  /** @returns nothing when another has it. @throws EngineError `fleet-unavailable` */
  take(name: string, milliseconds: number): Promise<Claim | undefined>;
  /**
   * Tries to get a claim and to keep it, until it is left: a leader. It is lost when Redis was gone as long as it lasts.
   *
   * @param change hears of every change
   */
  hold(name: string, milliseconds: number, change: (held: boolean) => void): Office;
}
