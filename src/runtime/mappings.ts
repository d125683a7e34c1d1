import { readFileSync } from "node:fs";

/**
 * How many memory mappings the kernel allows a process (`vm.max_map_count`). Every weight that is left in its file is
 * one: the runtime opens the file anew for each, so neighbours never become one mapping. Undefined where there is no
 * such limit.
 */
export function mappingLimit(): number | undefined {
  const limit = Number.parseInt(contents("/proc/sys/vm/max_map_count"), 10);
  return Number.isNaN(limit) ? undefined : limit;
}

/** How many mappings this process has; 0 where the system does not say. */
export function mappingCount(): number {
  let lines = 0;
  const text = contents("/proc/self/maps");
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

/** What is left to the rest of the process, of a limit: arenas and threads map memory too. */
export const mappingMargin = (limit: number): number => Math.floor(limit / 16);

function contents(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
