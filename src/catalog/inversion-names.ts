/** What may be left out at the end of a name, in the order in which it is tried. */
export const inversionExtensions = ["", ".safetensors", ".pt", ".bin"] as const;

/**
 * Finds files of textual inversions by what prompts call them: their names with or without extension, and with or without
 * the folders that they lie in. A whole name goes before the end of one.
 *
 * @param names of the files there are, relative to the embeddings folder
 */
export function inversionFinder(names: readonly string[]): (said: string) => string | undefined {
  const whole = new Set(names);
  const ends = new Map<string, string>();
  for (const name of names)
    for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) {
      const end = name.slice(at + 1);
      if (!ends.has(end)) ends.set(end, name);
    }
  return (said) => {
    if (said === "") return undefined;
    const wanted = inversionExtensions.map((extension) => said + extension);
    const found = wanted.find((name) => whole.has(name));
    return found ?? wanted.map((name) => ends.get(name)).find((name) => name !== undefined);
  };
}
