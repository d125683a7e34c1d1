import type { SentPicture } from "./starting-picture.ts";
import type { Point } from "./view.ts";

/** A mask from a file: as it is drawn, and the file itself or its address. */
export type LoadedMask = Readonly<{ kind: "load"; picture: ImageBitmap; sent: SentPicture }>;

/**
 * One thing done to a mask. A stroke's places and width are in the picture's pixels; an `area` is what an outline encloses.
 * A loaded mask is kept as its file, so that nothing is lost of it.
 */
export type MaskStep = Readonly<
  | { kind: "stroke"; erase: boolean; width: number; points: readonly Point[] }
  | { kind: "area"; points: readonly Point[] }
  | LoadedMask
  | { kind: "fill" }
  | { kind: "clear" }
  | { kind: "invert" }
>;

/** How a mask came to be, and what was taken back of it. */
export type MaskHistory = Readonly<{ done: readonly MaskStep[]; undone: readonly MaskStep[] }>;

export const emptyMask: MaskHistory = { done: [], undone: [] };

/** One more thing done; what was taken back before is gone. */
export const withStep = ({ done }: MaskHistory, step: MaskStep): MaskHistory => ({
  done: [...done, step],
  undone: [],
});

/** The last thing taken back; itself where there is none. */
export function undo(mask: MaskHistory): MaskHistory {
  const last = mask.done.at(-1);
  return last === undefined ? mask : { done: mask.done.slice(0, -1), undone: [...mask.undone, last] };
}

/** What was taken back last, done again. */
export function redo(mask: MaskHistory): MaskHistory {
  const last = mask.undone.at(-1);
  return last === undefined ? mask : { done: [...mask.done, last], undone: mask.undone.slice(0, -1) };
}

/** Those steps that still show: whatever came before all was filled or cleared does not, but for being taken back. */
export function visible({ done }: MaskHistory): readonly MaskStep[] {
  const from = done.findLastIndex(({ kind }) => kind === "fill" || kind === "clear" || kind === "load");
  return from < 0 ? done : done.slice(from);
}

/**
 * The file that a mask is, where nothing was painted over it: it is sent as it is, since only the server stretches it to the
 * picture as the API says.
 */
export function loadedAlone(mask: MaskHistory): SentPicture | undefined {
  const [first, ...others] = visible(mask);
  return first?.kind === "load" && others.length === 0 ? first.sent : undefined;
}

/** Whether nothing was painted yet; a mask that was painted and erased again is none that is known to be empty. */
export const isUntouched = (mask: MaskHistory): boolean =>
  visible(mask).every((step) => step.kind === "clear" || (step.kind === "stroke" && step.erase));
