import type { PythonRandom } from "./python-random.ts";

/** A style's texts; lines of either are texts of their own. `prompt` may hold `{prompt}`, several times. */
export type Style = Readonly<{ name: string; prompt: string; negative_prompt: string }>;

/** The style that is prompt expansion, and the one that is drawn anew for every image. */
export const expansionStyle = "Fooocus V2";
export const randomStyle = "Random Style";

/** The texts of one side of an image's guidance, and how many of them give the pooled vector. */
export type Workload = Readonly<{ texts: readonly string[]; topK: number }>;

/** The selection with `Random Style` replaced, each time by another draw. */
export const drawStyles = (
  selection: readonly string[],
  styles: readonly Style[],
  random: PythonRandom,
): readonly string[] =>
  selection.map((name) => (name === randomStyle ? (random.choice(styles)?.name ?? name) : name));

/**
 * Applies styles as Fooocus does: every line of every template is a text of its own, encoded on its own; the prompt
 * itself comes first only if no template took it in.
 *
 * @param chosen styles without the expansion
 */
export function applyStyles(
  chosen: readonly Style[],
  prompt: Readonly<{ main: string; extra: readonly string[] }>,
  negative: Readonly<{ main: string; extra: readonly string[] }>,
): { positive: Workload; negative: Workload } {
  const templates = chosen.flatMap((style) => style.prompt.split("\n"));
  const lines = templates.map((line) => line.replaceAll("{prompt}", () => prompt.main));
  const takenIn = templates.some((line) => line.includes("{prompt}"));
  const positives = [...(takenIn ? lines : [prompt.main, ...lines]), ...prompt.extra];
  const negatives = [
    ...chosen.flatMap((style) => style.negative_prompt.split("\n")),
    negative.main,
    ...negative.extra,
  ];
  return { positive: workload(positives, prompt.main), negative: workload(negatives, negative.main) };
}

function workload(texts: readonly string[], main: string): Workload {
  const kept = texts.filter((text) => text !== "");
  const all = kept.length > 0 ? kept : [main];
  return { texts: all, topK: all.length };
}
