import type { ImageFacts } from "#/engine/protocol.ts";
import type { KeptPicture } from "../images.ts";

/** What is kept of a picture on its way beside its pixels, and the name of the file of these. */
export type StateOnTheWay = Omit<KeptPicture, "path"> & Readonly<{ file: string }>;

/** As JSON, with seeds to their last digit. */
export const stateText = (state: StateOnTheWay): string =>
  JSON.stringify(state, (_key, value: unknown) =>
    typeof value === "bigint" ? { $whole: value.toString() } : value,
  );

/** The way back; nothing for what is none of ours, or was damaged. */
export function stateFrom(text: string): StateOnTheWay | undefined {
  try {
    const value: unknown = JSON.parse(text, (_key, item) => (isWhole(item) ? BigInt(item.$whole) : item));
    return isState(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isWhole = (item: unknown): item is Readonly<{ $whole: string }> =>
  typeof item === "object" && item !== null && "$whole" in item && typeof item.$whole === "string";

/** Nobody but us writes here: what has these keys is ours. */
const isState = (value: unknown): value is StateOnTheWay =>
  typeof value === "object" &&
  value !== null &&
  "done" in value &&
  typeof value.done === "number" &&
  "by" in value &&
  (value.by === null || typeof value.by === "number") &&
  "facts" in value &&
  "file" in value &&
  typeof value.file === "string" &&
  isFacts(value.facts);

const isFacts = (value: unknown): value is ImageFacts =>
  typeof value === "object" && value !== null && "seed" in value && "timings" in value;
