import type { Device } from "#/lib/devices.ts";

/** How large everything is that the kit does. */
export type Sizes = Readonly<{
  /** Pixels of a picture's side. */
  side: number;
  /** Steps of a timed picture; the first is not counted. */
  steps: number;
  /** Pictures in a row, and steps of each. */
  row: Readonly<{ pictures: number; steps: number }>;
  /** A checkpoint of SDXL's full size, written on the spot; without it the demo model stands in for it. */
  synthetic: boolean;
  /** Parts of the names of golden tests; all where it is left out. */
  goldens?: readonly string[];
  /** Requests of the demo model by name; all where it is left out. */
  requests?: readonly string[];
  /** Pixels of the demo's side, and its steps. */
  demo: Readonly<{ side: number; steps: number }>;
}>;

/** What a run of the kit does, known to every step. */
export type Plan = Readonly<{
  /** Whether it only shows that the kit works. */
  dryRun: boolean;
  providers: readonly Device[];
  sizes: Sizes;
  /** Folder for files that the kit makes. */
  work: string;
  /** Folder for the pictures that people may want to see, which stays. */
  pictures: string;
  /** Folder with the CUDA provider and what it needs, where there is one. */
  cuda?: string | undefined;
  /** A Python with torch; what is measured beside ours. */
  python: string;
  /** Seconds for everything. */
  budget: number;
  /** How many times as long as on a card a step may take. */
  patience: number;
  /** Tests that run at once. */
  workers: number;
}>;

/** On a card: what is asked of a picture in practice. */
export const fullSizes: Sizes = {
  side: 1024,
  steps: 12,
  row: { pictures: 20, steps: 4 },
  synthetic: true,
  demo: { side: 256, steps: 12 },
};

/** Of a dry run: the same commands, so small that a processor has them done in a minute. */
export const drySizes: Sizes = {
  side: 128,
  steps: 2,
  row: { pictures: 3, steps: 1 },
  synthetic: false,
  goldens: ["segment", "sd1"],
  requests: ["text", "edges (Control-LoRA)"],
  demo: { side: 128, steps: 2 },
};
