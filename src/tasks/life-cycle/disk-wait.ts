import type { Log } from "#/lib/log.ts";
import type { DiskReserve } from "#/stores/disk-reserve.ts";

/** Milliseconds between two looks at a disk that is full. */
const lookAgainAfter = 2000;

/** Where the disk has no room for pictures, tasks go on waiting: what was accepted is not lost to that. */
export class DiskWait {
  readonly #disk: Pick<DiskReserve, "shortage">;
  readonly #log: Pick<Log, "warn" | "info">;
  readonly #lookAgain: () => void;
  /** Whether the disk had no room when it was looked at last, and the next look. */
  #isShort = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param lookAgain called some time after each look that found no room */
  constructor(disk: Pick<DiskReserve, "shortage">, log: Pick<Log, "warn" | "info">, lookAgain: () => void) {
    this.#disk = disk;
    this.#log = log;
    this.#lookAgain = lookAgain;
  }

  /** Looks at the disk, and says so where it has become full, or has room again. */
  hasRoom(): boolean {
    const shortage = this.#disk.shortage();
    if (shortage === undefined) {
      if (this.#isShort) this.#log.info("there is room on the disk again, waiting tasks go on");
      this.#isShort = false;
      return true;
    }
    if (!this.#isShort) this.#log.warn("waiting tasks are not begun", { reason: shortage });
    this.#isShort = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#lookAgain();
    }, lookAgainAfter);
    this.#timer.unref();
    return false;
  }
}
