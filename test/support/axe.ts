import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The rules of WCAG 2.2 up to level AA. */
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What axe finds wrong on a page as it is: rule and element, a line each. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(source);
  const { violations } = await page.evaluate<Pick<AxeResults, "violations">, readonly string[]>(
    async (values) => {
      const axe: unknown = Reflect.get(globalThis, "axe");
      if (typeof axe !== "object" || axe === null || !("run" in axe) || typeof axe.run !== "function")
        throw new Error("axe is not there");
      return await axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] });
    },
    tags,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ""}`),
  );
}
