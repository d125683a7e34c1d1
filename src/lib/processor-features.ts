import { readFileSync } from "node:fs";

/** What a processor says it can, in Linux' words; undefined where nobody says. */
export type ProcessorFeatures = ReadonlySet<string> | undefined;

/** The first processor's, as Linux lists them: `flags` on x86, `Features` on Arm. */
export function processorFeatures(path = "/proc/cpuinfo"): ProcessorFeatures {
  try {
    return featuresIn(readFileSync(path, "utf8"));
  } catch {
    return undefined; // another system
  }
}

/** The same of the text of /proc/cpuinfo. */
export function featuresIn(cpuinfo: string): ProcessorFeatures {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo);
  return line?.[1] === undefined ? undefined : new Set(line[1].trim().split(/\s+/));
}
