/** The legacy API's kinds of jobs, and what it calls them on the wire (http-api section 17). */
export const jobTypes = {
  "text-to-image": "Text to Image",
  "upscale-vary": "Image Upscale or Variation",
  "inpaint-outpaint": "Image Inpaint or Outpaint",
  "image-prompt": "Image Prompt",
  enhance: "Image Enhancement",
} as const;

/** Which kind of job a task is that came in by this door: the word that is kept with it. */
export type LegacyJob = keyof typeof jobTypes;

/** Whether a stored word is one of them. */
export const isLegacyJob = (word: string): word is LegacyJob => Object.hasOwn(jobTypes, word);

/** The name of this door, as it is kept with every task. */
export const doorName = "legacy";

/** A task's id as the legacy API writes it: the same 32 digits as a UUID with hyphens. */
export const hyphenated = (id: string): string =>
  id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

/** A job id as a client may write it, in either form, as the digits of a task's id. */
export const withoutHyphens = (id: string): string => id.replaceAll("-", "").toLowerCase();
