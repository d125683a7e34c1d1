/**
 * Many simulated workers in one process, for simulation.ts. Arguments: address of Redis, folder of models, how many, name, seconds of a
 * task, events a second. Says `ready`, and answers each line of its input with what it counted since the last.
 */
import { allFiles } from "#/catalog/all-files.ts";
import { openFleet } from "#/fleet/open-fleet.ts";
import { silentLog } from "#/lib/log.ts";
import { recipeVersion } from "#/recipe/kept-recipe.ts";
import { SimulatedMember } from "./simulated-member.ts";

const [, , url = "", models = "", count = "1", name = "", taskSeconds = "5", events = "2"] = process.argv;
const files = allFiles([models]);
const common = await openFleet({ url, name: "fooocusd", id: `${name}-0`, recipeVersion, log: silentLog });
const digest = await common.roll.keepModels(files);
await common.close();

let idle: number[] = [];
let lost = 0;
let late: number[] = [];
const simulation = {
  url,
  models: digest,
  taskSeconds: Number(taskSeconds),
  eventsPerSecond: Number(events),
  idle: (milliseconds: number) => idle.push(milliseconds),
  lost: () => {
    lost += 1;
  },
};
for (let i = 0; i < Number(count); i += 20)
  await Promise.all(
    Array.from({ length: Math.min(20, Number(count) - i) }, (_, j) =>
      SimulatedMember.start(`${name}-${i + j}`, simulation),
    ),
  );
// How late a timer of this process comes: when that is much, the simulation is the limit and not the fleet.
let due = performance.now() + 100;
setInterval(() => {
  late.push(Math.max(0, performance.now() - due));
  due = performance.now() + 100;
}, 100);
console.log("ready");
for await (const _ of console) {
  console.log(JSON.stringify({ idle, lost, late }));
  [idle, lost, late] = [[], 0, []];
}
