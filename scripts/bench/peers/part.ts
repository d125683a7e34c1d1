/** Seconds that something took: of the processor, in user and system mode and of all threads, and of the clock. */
export type Seconds = Readonly<{ processor: number; wall: number }>;

/** What is measured of one program in one process of its own. */
export type Measured = Readonly<{
  /** until the first run could begin */
  opening: Seconds;
  /** both encoders, one text of 77 tokens */
  text: readonly Seconds[];
  /** a run of the UNet */
  unet: readonly Seconds[];
  /** latent to picture */
  vae: readonly Seconds[];
  /** whether every answer was made of numbers; nothing where the program does not show */
  finite?: boolean;
  /** that it was run otherwise than asked, and why */
  note?: string;
}>;

/** What a program is asked to do. */
export type Asked = Readonly<{
  checkpoint: string;
  /** pixels of the picture's side */
  side: number;
  threads: number;
  /** timed runs of the UNet, after one that is not */
  runs: number;
  /** a folder for what is derived */
  cache: string;
}>;

/** A program as it is compared. */
export type Contestant = Readonly<{
  name: string;
  run: (asked: Asked) => Promise<Measured & Readonly<{ ownGiB: number }>>;
  /** Opens it once before all rounds where something is derived then; what its opening takes is told. */
  first?: (asked: Asked) => Promise<Measured>;
}>;

/** The middle one, or the lower of two in the middle. */
export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? Number.NaN;
