import type { performances } from "#/api/generate-objects.ts";
import type { ImageWords } from "./fields.ts";

export type Performance = (typeof performances)[number];

/** Performances of few steps, the best pictures first. */
const fast: readonly Performance[] = ["Lightning", "Hyper-SD", "Extreme Speed"];

const meant: Readonly<Record<NonNullable<ImageWords["quality"]>, Performance | "fast" | undefined>> = {
  auto: undefined,
  low: "fast",
  medium: "Speed",
  standard: "Speed",
  high: "Quality",
  hd: "Quality",
  xhigh: "Quality",
  max: "Quality",
};

/**
 * The performance that a request asks for by `quality`, or by its own name, which comes first.
 *
 * @param isThere whether a performance has the files it needs
 */
export function askedPerformance(
  { quality = "auto", performance }: ImageWords,
  isThere: (performance: Performance) => boolean,
): Readonly<{ performance?: Performance; warnings: readonly string[] }> {
  const means = meant[quality];
  if (performance !== undefined) {
    const warnings = means === undefined ? [] : [`quality ${quality} was not used: performance comes first.`];
    return { performance, warnings };
  }
  if (means === undefined) return { warnings: [] };
  if (means !== "fast") return { performance: means, warnings: [] };
  const found = fast.find(isThere);
  if (found !== undefined) return { performance: found, warnings: [] };
  const told = `quality low was drawn as medium: the LoRA of no fast performance is here (${fast.join(", ")}).`;
  return { performance: "Speed", warnings: [told] };
}

/** What OpenAI's clients call a performance. */
export function qualityOf(performance: unknown): "low" | "medium" | "high" {
  if (performance === "Quality") return "high";
  return performance === "Speed" ? "medium" : "low";
}
