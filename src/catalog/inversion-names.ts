/** What may be left out at the end of a name, in the order in which it is tried. */
const extensions = ["", ".safetensors", ".pt", ".bin"] as const;

/**
 * The file of a textual inversion by what prompts call it: its name with or without extension, and with or without the
 * folders that it lies in.
 *
 * @param said  what stands behind `embedding:`
 * @param names of the files there are, relative to the embeddings folder
 */
export function inversionNamed(said: string, names: readonly string[]): string | undefined {
  if (said === "") return undefined;
  const wanted = extensions.map((extension) => said + extension);
  return (
    wanted.map((name) => names.find((one) => one === name)).find((one) => one !== undefined) ??
    wanted.map((name) => names.find((one) => one.endsWith(`/${name}`))).find((one) => one !== undefined)
  );
}
