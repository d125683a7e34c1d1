/** What clients write into a text field that they do not use: Python's and JSON's nothing, and OpenAPI's sample text. */
const words: readonly string[] = ["", "none", "null", "string"];

/** Whether a text that names an image or an address names none, in any case of its letters. */
export const isNothing = (text: string | null): boolean =>
  text === null || words.includes(text.trim().toLowerCase());
