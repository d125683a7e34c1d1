/** The name of this door, as it is kept with every task. */
export const doorName = "a1111";

/** What a task that came in by this door was asked by: the word that is kept with it. */
export type Word = "txt2img" | "img2img" | "extras" | "detect";
