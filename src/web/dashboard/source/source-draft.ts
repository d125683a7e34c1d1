import { emptyMask, type MaskHistory } from "./mask-history.ts";
import type { StartingPicture } from "./starting-picture.ts";

/** What a picture is there for; the contract's `current_tab`. */
export type SourceTab = "uov" | "inpaint" | "enhance";

/** The contract's methods, in its order. */
export const methods = [
  "Disabled",
  "Vary (Subtle)",
  "Vary (Strong)",
  "Upscale (1.5x)",
  "Upscale (2x)",
  "Upscale (Fast 2x)",
  "Upscale (Custom)",
] as const;
export type Method = (typeof methods)[number];

/** The sides a picture can be extended by, in the order of the contract's `outpaint_distance`. */
export const sides = ["Left", "Top", "Right", "Bottom"] as const;
export type Side = (typeof sides)[number];

/** A side's pixels as typed; null where it is not extended, empty for the server's 30 %. */
export type Extensions = Readonly<Record<Side, string | null>>;

/** What the form holds about the picture to start from. Numbers that may be left to the server are texts as typed. */
export type SourceDraft = Readonly<{
  picture: StartingPicture | undefined;
  tab: SourceTab;
  method: Method;
  /** Of Upscale (Custom). */
  multiple: number;
  /** Of vary and of upscale each; empty: the method's own. */
  varyStrength: string;
  upscaleStrength: string;
  mask: MaskHistory;
  extensions: Extensions;
  additional: string;
  /** Empty: the server's own. */
  engine: string;
  strength: number;
  field: number;
  grow: number;
  noLatent: boolean;
  invert: boolean;
}>;

export const emptySource: SourceDraft = {
  picture: undefined,
  tab: "uov",
  method: "Vary (Subtle)",
  multiple: 1.5,
  varyStrength: "",
  upscaleStrength: "",
  mask: emptyMask,
  extensions: { Left: null, Top: null, Right: null, Bottom: null },
  additional: "",
  engine: "",
  strength: 1,
  field: 0.618,
  grow: 0,
  noLatent: false,
  invert: false,
};

/** Whether the request will be about the picture. */
export const takesPart = ({ picture, tab, method }: SourceDraft): boolean =>
  picture !== undefined && (tab !== "uov" || method !== "Disabled");

/** Whether any side is extended. */
export const isExtended = ({ extensions }: SourceDraft): boolean =>
  sides.some((side) => extensions[side] !== null);
