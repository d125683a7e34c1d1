import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { diskOf } from "#/lib/disk-of.ts";

/** Bytes that one step of a deletion writes at most, with room to spare. */
const ballastBytes = 4 * 1024 ** 2;

/** Bytes that go on the disk in one piece. */
const piece = 64 * 1024;

/** It takes no more than this part of what is free, so that a small disk does not fill because of it. */
const mostOfFree = 1 / 4;

/**
 * A file of noise beside the history that is given up where a disk has no room left for a deletion: SQLite needs some even for
 * taking rows away. Noise, since file systems keep no room for zeros.
 */
export class Ballast {
  readonly #path: string;
  #isWhole = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Brings it to its size where the disk has plenty of room. Never throws; costs nothing while it is whole. */
  fill(): void {
    if (this.#isWhole) return;
    try {
      const free = diskOf(dirname(this.#path))?.free ?? 0;
      if (bytesOf(this.#path) >= ballastBytes) this.#isWhole = true;
      else if (free * mostOfFree >= ballastBytes) this.#write();
    } catch {
      // The folder is gone, or may not be written: the history says so.
    }
  }

  /** Gives its room away for the time of some work, then takes back what is left of it. */
  without<T>(work: () => T): T {
    this.#isWhole = false;
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // The folder may not be changed, which the work is told as well.
    }
    try {
      return work();
    } finally {
      this.#write();
    }
  }

  /** As much as there is room for. */
  #write(): void {
    try {
      const file = openSync(this.#path, "w", 0o600);
      try {
        for (let written = 0; written < ballastBytes; )
          written += writeSync(file, crypto.getRandomValues(new Uint8Array(piece)));
        fsyncSync(file);
        this.#isWhole = true;
      } finally {
        closeSync(file);
      }
    } catch {
      // What was written before the disk was full stays: it is enough for a small deletion.
    }
  }
}

const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
