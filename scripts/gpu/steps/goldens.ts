/** The golden tests on a device: how far each network's answers are from the reference's, and which tests say otherwise. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Compared } from "../../../test/support/elsewhere.ts";
import { byFile, byNetwork } from "../compared.ts";
import { readLines, readTests } from "../read-tests.ts";
import { startGoldens } from "../start-goldens.ts";
import { own, plan, tell } from "../step.ts";

const { work } = plan();
const { device = "cpu", compute } = own();
const folder = join(work, `goldens-${device}-${compute ?? "own"}`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const [record, said, report] = ["compared.jsonl", "said", "tests.xml"].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];

// Whole runs open a context, which has the device's own table of operators.
const { files, child } = startGoldens({
  of: compute === undefined ? "all" : "networks",
  device,
  record,
  said,
  args: ["--reporter=junit", `--reporter-outfile=${report}`],
  ...(compute === undefined ? {} : { env: { GOLDEN_COMPUTE: compute } }),
});

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
const lines = (): readonly Compared[] =>
  textOf(record)
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Compared);
const tellAll = (): void => {
  const compared = lines();
  tell({
    files,
    comparisons: compared.length,
    networks: byNetwork(compared),
    tests: byFile(compared),
    ...readLines(textOf(said)),
  });
};
const telling = setInterval(tellAll, 2000);
await child.exited;
clearInterval(telling);
tellAll();
const { ran, failing } = readTests(textOf(report));
if (ran > 0) tell({ ran, failing });
else {
  tell({ why: `the tests left no report; they ended with ${child.exitCode ?? child.signalCode}` });
  process.exitCode = 1;
}
