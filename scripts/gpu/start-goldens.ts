import { join } from "node:path";
import { goldenFiles } from "./golden-files.ts";
import { plan } from "./step.ts";

/** Which golden tests are run, on what, and what is added to their environment. */
export type GoldenRun = Readonly<{
  of: Parameters<typeof goldenFiles>[0];
  device: string;
  /** Where each comparison is written down, a line of JSON each. */
  record: string;
  /** Where what the tests print is written down; nowhere where it is left out. */
  said?: string;
  /** Further arguments of the tests' runner. */
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
}>;

/**
 * Starts the golden tests on a device, as many at a time as the plan says; of a plan with a part, those of that part.
 *
 * @returns how many files, and their process
 */
export function startGoldens({ of, device, record, said, args = [], env = {} }: GoldenRun) {
  const { sizes, workers } = plan();
  const root = join(import.meta.dir, "../..");
  const files = goldenFiles(of).filter((file) => sizes.goldens?.some((part) => file.includes(part)) ?? true);
  const child = Bun.spawn(
    [
      ...[process.execPath, "test", `--preload=${join(root, "scripts/gpu/on-card.ts")}`, "--timeout=120000"],
      ...args,
      ...(workers > 1 ? [`--parallel=${workers}`] : []),
      ...files.map((file) => `./test/golden/${file}`),
    ],
    {
      cwd: root,
      env: { ...process.env, GOLDEN_DEVICE: device, GOLDEN_RECORD: record, ...env },
      stdout: "ignore",
      stderr: said === undefined ? "ignore" : Bun.file(said),
    },
  );
  return { files: files.length, child };
}
