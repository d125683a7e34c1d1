import { digits, table } from "./cells.ts";
import { goals } from "./goals.ts";
import type { Report, Told } from "./report.ts";
import { sections } from "./sections.ts";

/** The report for people; every step is a row, and those that found something a section. */
export function markdown(report: Report): string {
  const { plan, steps, state, seconds } = report;
  const device = plan.providers.join(", ");
  const headline = {
    running: "**This run is going on, or was ended from outside: what was found by then.**",
    "cut off": "**This run was ended before its time: what was found by then.**",
    whole: "All steps had their turn.",
  }[state];
  const parts = [
    `# fooocusd on ${device}${plan.dryRun ? " (a dry run: nothing here was measured at full size)" : ""}`,
    `Begun ${report.began}, ${seconds.toFixed(0)} s of at most ${plan.budget} s. ${headline}`,
    table(
      ["step", "", "s", ""],
      steps.map((step) => [step.title, step.state, digits(step.seconds), remark(step)]),
    ),
    "## Beside diffusers",
    goalTable(steps),
    ...steps.flatMap((step) => section(step)),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** What a step itself knows to say of its failure goes before its last words, and of these the error before the source that Bun shows with it. */
const remark = ({ found, why }: Told): string =>
  oneLine(why !== undefined && typeof found["why"] === "string" ? found["why"] : (errorIn(why) ?? why));

const errorIn = (why = ""): string | undefined => /^error: (.+)$/m.exec(why)?.[1];

const oneLine = (text = ""): string => {
  const line = text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
  return line.length > 240 ? `${line.slice(0, 240)}…` : line;
};

function goalTable(steps: readonly Told[]): string {
  const theirs = steps.find(({ program }) => program === "theirs");
  const rows = goals(steps).map(({ what, ours, theirs: other, ratio, most }) => [
    what,
    digits(ours),
    digits(other),
    digits(ratio),
    most.toFixed(1),
    ratio === undefined ? "not known" : ratio <= most ? "reached" : "missed",
  ]);
  const why = theirs?.why === undefined ? "" : `\n\ndiffusers: ${oneLine(theirs.why)}`;
  return `${table(["", "ours", "diffusers", "ratio", "at most", ""], rows)}${why}`;
}

function section(step: Told): readonly string[] {
  if (Object.keys(step.found).length === 0 && step.why === undefined) return [];
  const isEmpty = Object.keys(step.found).length === 0;
  const body = isEmpty ? "" : (sections[step.program]?.(step.found) ?? "");
  const why = step.why === undefined ? "" : `\`\`\`\n${step.why.trim()}\n\`\`\``;
  return [`## ${step.title}`, ...[body, why].filter((text) => text !== "")];
}
