import { plansFor } from "#/card/plan-text.ts";
import { EngineError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";
import type { Finding } from "./finding.ts";

/**
 * What runs how on a card: a finding a job, weak where the usual one does not fit.
 *
 * @param bytes of its memory; undefined where no card is planned for
 */
export function cardFindings(bytes: number | undefined): readonly Finding[] {
  if (bytes === undefined) return [];
  const what = "card memory";
  const found = `planned for a card of ${inUnits(bytes)}`;
  return [
    { what, level: "good", found },
    ...plansFor(bytes).map(({ job, text, fits }): Finding => {
      const said = { what, found: `${job}: ${text}` };
      return fits
        ? { ...said, level: "good" }
        : {
            ...said,
            level: "weak",
            mend: "A smaller model or picture, or the processor (--providers cpu), which needs no card.",
          };
    }),
  ];
}

/**
 * The bytes of a card that is called by its gigabytes, which are 1024 to the third.
 *
 * @throws EngineError `bad-setting`
 */
export function cardBytes(text: string): number {
  const gigabytes = Number(text);
  if (!(gigabytes > 0 && gigabytes <= 1024))
    throw new EngineError("bad-setting", `--card takes gigabytes, as a card is sold by: 8, not ${text}.`, {
      option: "card",
    });
  return gigabytes * 2 ** 30;
}
