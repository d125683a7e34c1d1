/** Longest part of a name that is shown; names of real tensors have about 90 letters. */
const longest = 120;

/** A tensor's name for a sentence: a header may hold anything under that name, line ends and control codes included. */
export const shownName = (name: string): string => name.slice(0, longest).replace(/[^\x20-\x7e]/g, "?");
