import type { controlNetTypes } from "#/api/generate-objects.ts";
import { recommendedControl } from "#/api/recommended-control.ts";
import type { StartingPicture } from "../source/starting-picture.ts";

export type ControlType = (typeof controlNetTypes)[number];

/** What can be taken from a control image, in the words of the page. */
export const controlTypes: readonly (readonly [ControlType, string])[] = [
  ["ImagePrompt", "Image prompt: what it shows"],
  ["FaceSwap", "Face swap: its face"],
  ["PyraCanny", "PyraCanny: its edges"],
  ["CPDS", "CPDS: its light and dark"],
];

/** How a picture comes out of its preparation, and what the server says of that; or that it is awaited. */
export type Prepared = Readonly<
  { kind: "ready"; shown: string; warnings: readonly string[] } | { kind: "waiting" }
>;

/** A place for a control image. */
export type SlotDraft = Readonly<{
  picture: StartingPicture | undefined;
  type: ControlType;
  /** Null: as recommended for the type. */
  stop: number | null;
  weight: number | null;
  prepared: Prepared | undefined;
}>;

/** What the form holds about control images. */
export type ControlDraft = Readonly<{
  /** Whether they are seen. */
  open: boolean;
  slots: readonly SlotDraft[];
  /** Whether a picture to vary or upscale, or to inpaint, takes part beside them. */
  mixVary: boolean;
  mixInpaint: boolean;
  /** Whether the pictures are used as they are. */
  skip: boolean;
  cannyLow: number;
  cannyHigh: number;
  softness: number;
}>;

export const emptySlot: SlotDraft = {
  picture: undefined,
  type: "ImagePrompt",
  stop: null,
  weight: null,
  prepared: undefined,
};

/** As many as Fooocus takes. */
const slotCount = 4;

export const emptyControl: ControlDraft = {
  open: false,
  slots: Array.from({ length: slotCount }, () => emptySlot),
  mixVary: false,
  mixInpaint: false,
  skip: false,
  cannyLow: 64,
  cannyHigh: 128,
  softness: 0.25,
};

/** Where a control image stops and how strong it is: what somebody typed, else what is recommended for its type. */
export function strengthsOf({ type, stop, weight }: SlotDraft): Readonly<{ stop: number; weight: number }> {
  const usual = recommendedControl[type];
  return { stop: stop ?? usual.stop, weight: weight ?? usual.weight };
}

/** A place with other values; what was prepared of another picture or for another type is forgotten. */
export function withSlot(draft: ControlDraft, at: number, part: Partial<SlotDraft>): ControlDraft {
  const stale = "picture" in part || "type" in part ? { prepared: undefined } : {};
  return {
    ...draft,
    slots: draft.slots.map((slot, place) => (place === at ? { ...slot, ...stale, ...part } : slot)),
  };
}

/** Other values beside the places; what was prepared with others is forgotten. */
export function withOptions(draft: ControlDraft, part: Partial<Omit<ControlDraft, "slots">>): ControlDraft {
  const isStale = ["skip", "cannyLow", "cannyHigh"].some((name) => name in part);
  const slots = isStale ? draft.slots.map((slot) => ({ ...slot, prepared: undefined })) : draft.slots;
  return { ...draft, ...part, slots };
}

/** Whether any picture guides what is made. */
export const isGuided = ({ slots }: ControlDraft): boolean =>
  slots.some(({ picture }) => picture !== undefined);
