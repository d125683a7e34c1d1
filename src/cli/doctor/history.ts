import { AppError } from "#/lib/errors.ts";
import { lookAtPostgres } from "#/stores/postgres/look.ts";
import type { Finding } from "./finding.ts";

/** Whether the history can be kept where the setting says; its password is not told. */
export async function historyFinding(setting: string): Promise<Finding> {
  const what = "history";
  try {
    const shown = await lookAtPostgres(setting);
    return { what, level: "good", found: `${shown} can be written` };
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const mend = "fooocusd does not start before that is mended.";
    return { what, level: "fault", found: thrown.message, mend };
  }
}
