import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a program is started with, so that it finds another processor than there is. */
export type Disguise = Readonly<{
  /** before the program's own command line */
  wrap: (command: readonly string[]) => readonly string[];
}>;

/** Nothing is hidden. */
export const undisguised: Disguise = { wrap: (command) => command };

/** The text of /proc/cpuinfo without what came after AVX2. */
export const withoutNewer = (cpuinfo: string): string =>
  cpuinfo.replaceAll(/ (?:avx512|avx_vnni|avx_ifma|avx_ne|avx10|amx)\w*/g, "");

/**
 * Programs find a processor with AVX2 and nothing newer: by the CPUID instruction, which `only-avx2.c` answers, and in
 * /proc/cpuinfo, over which another file is laid in a mount namespace of the program's own. Its instructions that are not asked
 * for stay where they were, and so does all else of the processor: its clock, caches and widths are not those of an older one.
 *
 * @throws Error where there is no C compiler, no root, or a kernel or processor that cannot make CPUID fail
 */
export function onlyAvx2(): Disguise {
  const folder = mkdtempSync(join(tmpdir(), "only-avx2-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const [library, cpuinfo] = [join(folder, "only-avx2.so"), join(folder, "cpuinfo")];
  writeFileSync(cpuinfo, withoutNewer(readFileSync("/proc/cpuinfo", "utf8")));
  must([
    ...["cc", "-O2", "-shared", "-fPIC", "-Wl,-z,initfirst", "-o", library],
    join(import.meta.dir, "only-avx2.c"),
  ]);
  const within =
    'mount --bind "$0" /proc/cpuinfo && LD_PRELOAD=$1 && export LD_PRELOAD && shift && exec "$@"';
  const wrap = (command: readonly string[]): readonly string[] => [
    ...["unshare", "--mount", "sh", "-c", within, cpuinfo, library],
    ...command,
  ];
  must(wrap(["true"]));
  return { wrap };
}

function must(command: readonly string[]): void {
  const { success, stderr, signalCode } = Bun.spawnSync([...command]);
  if (!success) throw new Error(`${command.join(" ")} failed: ${stderr.toString() || signalCode}`);
}
