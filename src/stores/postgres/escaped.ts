/** A noncharacter (Unicode 23.7), which no text of people has; before four hex digits it stands for what Postgres cannot keep. */
const marker = "\uFFFE";

const unkept = /[\0\uFFFE]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

const spelt = /\uFFFE([0-9a-f]{4})/g;

/**
 * A text as Postgres can keep it: its texts are UTF-8 without NUL, so NUL and halves of surrogate pairs are spelt as a marker and four
 * hex digits, the marker itself too. Every other text stays as it is.
 */
export const escaped = (text: string): string =>
  text.replace(unkept, (unit) => `${marker}${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** The text that {@link escaped} was given. */
export const unescaped = (kept: string): string =>
  kept.includes(marker)
    ? kept.replace(spelt, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    : kept;
