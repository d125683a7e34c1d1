/** Where the nodes of each network run: the golden tests of networks once more, with a profile that the runtime writes. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Ends, type Placed, placedIn, together } from "../placed.ts";
import { startGoldens } from "../start-goldens.ts";
import { own, plan, tell } from "../step.ts";

const { work } = plan();
const { device = "cpu" } = own();
const folder = join(work, `placement-${device}`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const placed: Placed[] = [];
/** Reads what is finished and removes it: profiles are large. A session is finished when another one has begun in its process. */
function readProfiles(all: boolean): void {
  const names = readdirSync(folder).filter((name) => name.endsWith(".ends"));
  for (const name of names) {
    const prefix = name.replace(/\.ends$/, "");
    const profile = readdirSync(folder).find((one) => one.startsWith(`${prefix}_`));
    if (profile === undefined) continue;
    const text = readFileSync(join(folder, profile), "utf8");
    // An open session's ends in the middle of an event.
    if (!all && !text.trimEnd().endsWith("]")) continue;
    placed.push(placedIn(JSON.parse(readFileSync(join(folder, name), "utf8")) as Ends, text));
    rmSync(join(folder, profile));
    rmSync(join(folder, name));
  }
  tell({ profiles: placed.length, networks: together(placed) });
}

const record = join(folder, "compared.jsonl");
const { child } = startGoldens({ of: "networks", device, record, env: { GPU_KIT_PROFILES: folder } });
const reading = setInterval(() => readProfiles(false), 3000);
await child.exited;
clearInterval(reading);
readProfiles(true);
if (existsSync(folder)) rmSync(folder, { recursive: true });
if (placed.length === 0) {
  tell({ why: "no network was opened there" });
  process.exitCode = 1;
}
