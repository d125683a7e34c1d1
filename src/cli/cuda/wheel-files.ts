import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import type { CudaSet } from "#/native/cuda/set.ts";

/** A file that is taken for a wheel; `isNamed` where whoever gave it named it, and did not just give its folder. */
export type WheelFile = Readonly<{ path: string; isNamed: boolean }>;

/**
 * The wheels that paths lead to. Of a folder those whose names are of projects that are needed: what else lies there is nobody's
 * business.
 *
 * @throws EngineError `bad-setting` for an empty name, for what is not there, and for a folder without any
 */
export const filesOf = (paths: readonly string[], set: CudaSet): readonly WheelFile[] =>
  paths.flatMap((path): readonly WheelFile[] => {
    if (path === "") {
      const message =
        "An empty name names no wheel and no folder; a variable that is not set may be behind it.";
      throw new EngineError("bad-setting", message, { path });
    }
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) throw new EngineError("bad-setting", `There is no ${path}.`, { path });
    if (!found.isDirectory()) return [{ path, isNamed: true }];
    const names = readdirSync(path).filter((name) => isOfProject(name, set));
    if (names.length > 0) return names.sort().map((name) => ({ path: join(path, name), isNamed: false }));
    const example = set.wheels[0]?.file ?? "";
    const message = `${path} holds none of the wheels that are needed (such as ${example}); fooocusd cuda lists them.`;
    throw new EngineError("bad-setting", message, { path });
  });

const isOfProject = (name: string, { wheels }: CudaSet): boolean =>
  name.endsWith(".whl") &&
  wheels.some(({ project }) => name.toLowerCase().startsWith(`${project.replaceAll("-", "_")}-`));
