/** The golden tests on a device: how far each network's answers are from the reference's, and which tests say otherwise. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Compared } from "../../../test/support/elsewhere.ts";
import { byFile, byNetwork } from "../compared.ts";
import { goldenFiles } from "../golden-files.ts";
import { readTests } from "../read-tests.ts";
import { own, plan, tell } from "../step.ts";

const { work, sizes, workers } = plan();
const { device = "cpu", compute } = own();
const root = join(import.meta.dir, "../../..");
const folder = join(work, `goldens-${device}-${compute ?? "own"}`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const [record, report] = [join(folder, "compared.jsonl"), join(folder, "tests.xml")];

// Whole runs open a context, which has the device's own table of operators.
const files = goldenFiles(compute === undefined ? "all" : "networks").filter(
  (file) => sizes.goldens?.some((part) => file.includes(part)) ?? true,
);
const child = Bun.spawn(
  [
    ...[process.execPath, "test", `--preload=${join(root, "scripts/gpu/on-card.ts")}`],
    ...["--timeout=120000", "--reporter=junit", `--reporter-outfile=${report}`],
    ...(workers > 1 ? [`--parallel=${workers}`] : []),
    ...files.map((file) => `./test/golden/${file}`),
  ],
  {
    cwd: root,
    env: {
      ...process.env,
      GOLDEN_DEVICE: device,
      GOLDEN_RECORD: record,
      ...(compute === undefined ? {} : { GOLDEN_COMPUTE: compute }),
    },
    stdout: "ignore",
    stderr: "ignore",
  },
);

const lines = (): readonly Compared[] =>
  existsSync(record)
    ? readFileSync(record, "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Compared)
    : [];
const tellAll = (): void => {
  const compared = lines();
  tell({
    files: files.length,
    comparisons: compared.length,
    networks: byNetwork(compared),
    tests: byFile(compared),
  });
};
const telling = setInterval(tellAll, 2000);
await child.exited;
clearInterval(telling);
tellAll();
const { ran, failing } = readTests(existsSync(report) ? readFileSync(report, "utf8") : "");
tell({ ran, failing });
if (ran === 0) {
  tell({ why: `the tests left no report; they ended with ${child.exitCode ?? child.signalCode}` });
  process.exitCode = 1;
}
