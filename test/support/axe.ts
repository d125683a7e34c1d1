import { source } from "axe-core";
import type { Page } from "playwright-core";

/** What axe finds on a page as it is now, of WCAG's levels A and AA: the rule, and the elements that break it. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(source);
  return await page.evaluate(async () => {
    type Finding = Readonly<{ id: string; nodes: readonly { html: string; failureSummary?: string }[] }>;
    type Axe = Readonly<{ run: (options: object) => Promise<{ violations: readonly Finding[] }> }>;
    const { axe } = globalThis as unknown as { axe: Axe };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await axe.run({ runOnly: { type: "tag", values: tags } });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary = "" }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
  });
}
