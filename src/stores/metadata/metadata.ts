/** A LoRA as the metadata names it: file stem, weight, and the first ten hex digits of the file's SHA-256. */
export type LoraFact = Readonly<{ name: string; weight: number; hash: string }>;

/**
 * What is written into an image about how it was made (pipeline section 18): the values after the performance mode's
 * overrides. Model names are file stems; a hash is "" until it is known.
 */
export type ImageMetadata = Readonly<{
  prompt: string;
  negativePrompt: string;
  promptExpansion: string;
  styles: readonly string[];
  performance: string;
  steps: number;
  width: number;
  height: number;
  guidanceScale: number;
  sharpness: number;
  adm: Readonly<{ positive: number; negative: number; end: number }>;
  baseModel: string;
  baseModelHash: string;
  refinerModel: string;
  /** With a refiner only, as are the next two. */
  refinerModelHash?: string;
  /** Above 0 only. */
  overwriteSwitch?: number;
  /** Other than `joint` only. */
  refinerSwapMethod?: string;
  refinerSwitch: number;
  /** Written only where it differs from the configured default. */
  adaptiveCfg?: number;
  clipSkip: number;
  sampler: string;
  scheduler: string;
  vae: string;
  seed: bigint;
  /** b1, b2, s1, s2 where FreeU was on. */
  freeu?: readonly number[];
  /** Other than `full` only. */
  precision?: string;
  /** Above 0 only. */
  cache?: number;
  /** Below 1 only. */
  cfgUntil?: number;
  loras: readonly LoraFact[];
  fullPrompt: readonly string[];
  fullNegativePrompt: readonly string[];
  /** Which pictures it starts from, and how: the request's own fields as a JSON object. */
  imageInput?: string;
  createdBy?: string;
  version: string;
}>;

/** The two ways to write it down that other programs read. */
export type MetadataScheme = "fooocus" | "a1111";

/** What can be read back from an image of unknown origin. */
export type ReadMetadata = Readonly<{
  scheme: MetadataScheme;
  /** The text in the picture, as it is. */
  text: string;
  /** Its values under the names of the scheme. */
  values: Readonly<Record<string, unknown>>;
  /** What of them means something here. */
  facts: Partial<ImageMetadata>;
}>;
