/**
 * Plain values of a kept object, where they are of the kind that they are in another one; else that one's own. What was kept by
 * another version of the page, or by somebody's hand, cannot break this one.
 */
export function like<T extends object>(usual: T, kept: unknown): T {
  if (typeof kept !== "object" || kept === null) return usual;
  const said = new Map<string, unknown>(Object.entries(kept));
  const taken = Object.entries(usual).map(([key, value]: readonly [string, unknown]) => {
    const found = said.get(key);
    const fits = typeof found === typeof value && typeof value !== "object";
    return [key, fits ? found : value] as const;
  });
  return { ...usual, ...Object.fromEntries(taken) };
}

/** One of a list, else the usual one. */
export const oneOf = <T>(list: readonly T[], kept: unknown, usual: T): T =>
  list.find((one) => one === kept) ?? usual;
