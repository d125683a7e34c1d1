import { existsSync, readFileSync } from "node:fs";
import { EngineError } from "#/lib/errors.ts";

/**
 * What a configuration file holds; nothing if it is not there.
 *
 * @throws EngineError `bad-setting` if it is no JSON object
 */
export function readConfigFile(path: string): Readonly<Record<string, unknown>> {
  if (!existsSync(path)) return {};
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (cause) {
    throw new EngineError("bad-setting", `${path} is not JSON: ${String(cause)}.`, { path }, cause);
  }
  throw new EngineError("bad-setting", `${path} does not hold a JSON object.`, { path });
}
