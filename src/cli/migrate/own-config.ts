import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readConfigFile } from "#/config/read-config-file.ts";
import { EngineError } from "#/lib/errors.ts";
import type { Report } from "./report.ts";

type Values = Readonly<Record<string, unknown>>;

/**
 * Writes our own configuration, unless there is one: then it stays as it is, and what it lacks is told.
 *
 * @throws EngineError `bad-setting` for one that cannot be read, `storage-failed`
 */
export function writeOwnConfig(path: string, values: Values, isDry: boolean, report: Report): void {
  if (existsSync(path)) return tellDifferences(path, values, report);
  const said = Object.keys(values).join(", ");
  if (isDry) return report.taken("settings", `${path} would be written: ${said}`);
  const draft = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    writeFileSync(draft, `${JSON.stringify(values, undefined, 2)}\n`);
    renameSync(draft, path);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("storage-failed", `${path} could not be written: ${words}.`, { path }, cause);
  } finally {
    rmSync(draft, { force: true });
  }
  report.taken("settings", `${path} is written: ${said}`);
}

function tellDifferences(path: string, values: Values, report: Report): void {
  const there = readConfigFile(path);
  const lacking = Object.entries(values).filter(([key]) => !Object.hasOwn(there, key));
  for (const [key, value] of Object.entries(values))
    if (Object.hasOwn(there, key) && !Bun.deepEquals(there[key], value))
      report.left(
        "settings",
        `${key}: ${JSON.stringify(value)}; ${path} is there and says ${JSON.stringify(there[key])}, which stays`,
      );
  if (lacking.length > 0)
    report.broken(
      "settings",
      `${path} is there and stays as it is; put into it: ${lacking.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(", ")}`,
    );
  else report.taken("settings", `${path} is there and says what it should`);
}
