import { dirname, resolve } from "node:path";
import { diskOf } from "#/lib/disk-of.ts";
import { EngineError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";
import type { ImageStore } from "./images.ts";

/** The part of the reserve that is for the history alone: it must be able to tell how everything ended. */
const historysPart = 1 / 8;

/** Bytes that are about to be written. */
export type DiskNeed = Readonly<{ outputs: number; inputs: number }>;

/** The folders that are written to, and how much of their disks stays free. */
export type DiskReserveParts = Readonly<{
  outputs: string;
  inputs: string;
  /** Bytes; 0 reserves nothing, and nothing is looked at. */
  reserve: number;
}>;

/**
 * Room on the disks of outputs and inputs that no new request may take, so that what was accepted can still be made and its end
 * be written down. Pictures of accepted tasks may use it, but for an eighth, which is the history's.
 */
export class DiskReserve {
  readonly #parts: DiskReserveParts;

  constructor(parts: DiskReserveParts) {
    this.#parts = parts;
  }

  /**
   * Before a request is accepted.
   *
   * @throws EngineError `disk-full` where less than the reserve would be left
   */
  require(need: DiskNeed): void {
    const { reserve } = this.#parts;
    for (const folder of ["outputs", "inputs"] as const) {
      const free = this.#free(folder);
      if (free - need[folder] >= reserve) continue;
      throw new EngineError(
        "disk-full",
        `There is no room for more ${whatIn[folder]}: ${inUnits(Math.max(0, free))} are free, ${needed(need[folder])}and ${inUnits(reserve)} stay free (disk_reserve). Delete tasks or make room on the disk of ${folder}, then send it again.`,
        { folder, free, need: need[folder] },
      );
    }
  }

  /**
   * Before a picture is written.
   *
   * @throws EngineError `disk-full` where only the history's part would be left
   */
  refuseFull(folder: keyof DiskNeed, bytes: number): void {
    const free = this.#free(folder);
    if (free - bytes >= this.#parts.reserve * historysPart) return;
    throw new EngineError(
      "disk-full",
      `The disk of ${folder} is full: ${inUnits(free)} are free, a picture of ${inUnits(bytes)} was to be written, and the last ${inUnits(this.#parts.reserve * historysPart)} are the history's. Make room, then send the request again.`,
      { folder, free },
    );
  }

  /** Why waiting tasks are not begun now, in a sentence; nothing where they are. */
  shortage(): string | undefined {
    const free = this.#free("outputs");
    if (free >= this.#parts.reserve * historysPart) return undefined;
    return `The disk of outputs is full: ${inUnits(free)} are free. Tasks wait until there is room.`;
  }

  /** Why no request is accepted now, in a sentence; nothing where they are. */
  refusal(): string | undefined {
    try {
      this.require({ outputs: 0, inputs: 0 });
      return undefined;
    } catch (thrown) {
      return thrown instanceof EngineError ? thrown.message : String(thrown);
    }
  }

  /** Endless where nothing is reserved, and where the disk does not say: whoever writes is told what is wrong. */
  #free(folder: keyof DiskNeed): number {
    if (this.#parts.reserve === 0) return Number.POSITIVE_INFINITY;
    // One that is not there yet is made with the first file.
    for (let path = resolve(this.#parts[folder]); ; path = dirname(path)) {
      const disk = diskOf(path);
      if (disk !== undefined) return disk.free;
      if (path === dirname(path)) return Number.POSITIVE_INFINITY;
    }
  }
}

/** Nothing where a request was not looked at yet, or none is asked about. */
const needed = (bytes: number): string => (bytes === 0 ? "" : `this needs about ${inUnits(bytes)}, `);

const whatIn = { outputs: "pictures", inputs: "pictures that requests bring" } as const;

/** Images that are written only as far as the reserve allows. */
export const withReserve = (images: ImageStore, disk: Pick<DiskReserve, "refuseFull">): ImageStore => ({
  ...images,
  put: async (bytes, ...rest) => {
    disk.refuseFull("outputs", bytes.length);
    return await images.put(bytes, ...rest);
  },
  putInput: async (png) => {
    disk.refuseFull("inputs", png.length);
    return await images.putInput(png);
  },
});
