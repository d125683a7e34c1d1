/** A card, as the driver tells of it. Bytes. */
export type Card = Readonly<{
  name: string;
  total: number;
  /** What nobody holds now; absent where the driver's second library, NVML, is not there to say so. */
  free?: number;
  /** Its generation, e.g. 8.6. */
  capability: readonly [number, number];
}>;

/** What NVIDIA's driver said. */
export type DriverAnswer = Readonly<
  /** There is none: the linker's words. */
  | { kind: "none"; reason: string }
  /** A call that failed, and what the driver calls the failure. */
  | { kind: "failed"; call: string; code: number; words: string; cuda?: number; version?: string }
  /** It said nothing in time, or ended the process that asked. */
  | { kind: "silent"; call: string; seconds: number }
  | { kind: "crashed"; call: string; how: string }
  | {
      kind: "answers";
      /** As it was opened: a name, or a path where names do not lead to it. */
      library: string;
      /** The newest CUDA that it knows, e.g. 13000 for 13.0. */
      cuda: number;
      /** Of the driver itself, e.g. 580.65.06. */
      version?: string;
      cards: readonly Card[];
      /** The variable CUDA_VISIBLE_DEVICES, which hides others. */
      hidden?: string;
    }
>;

/** CUDA's way of writing its versions: 12080 is 12.8. */
export const cudaVersion = (number: number): string =>
  `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}`;
