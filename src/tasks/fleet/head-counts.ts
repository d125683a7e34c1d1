/** What a head has done for its fleet that events do not tell. */
export class HeadCounts {
  #leasesLost = 0;

  /** Leases that it found lost while it kept house. */
  get leasesLost(): number {
    return this.#leasesLost;
  }

  /** The worker that had a task is gone, or hangs. */
  leaseLost(): void {
    this.#leasesLost += 1;
  }
}
