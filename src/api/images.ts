/** Spellings that all mean "no image". */
const noImage: readonly string[] = ["", "None", "null", "string", "none"];

/** Whether an image field of a request holds an image. */
export const isImage = (value: string | null): value is string => value !== null && !noImage.includes(value);
