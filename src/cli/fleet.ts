import { loadConfig } from "#/config/load.ts";
import { openFleet } from "#/fleet/open-fleet.ts";
import { EngineError, RequestError } from "#/lib/errors.ts";
import { silentLog } from "#/lib/log.ts";
import { recipeVersion } from "#/recipe/kept-recipe.ts";
import { fleetDesk } from "#/tasks/fleet/fleet-desk.ts";
import { FleetMembers } from "#/tasks/fleet/fleet-members.ts";
import { type FleetView, type SeenMember, steerWords } from "#/tasks/fleet/fleet-view.ts";
import type { Ending, Given } from "./invocation.ts";

/**
 * Lists who is in a fleet and what waits there, or tells a worker something.
 *
 * @throws EngineError `bad-setting`, `fleet-unavailable`; RequestError `invalid-value`, `unknown-member`, `conflict`
 */
export async function fleet({ flags, env, words: [word, worker], options }: Given): Promise<Ending> {
  const { config } = loadConfig({ flags, env });
  if (config.fleet === "")
    throw new EngineError("bad-setting", "No fleet is named; --fleet redis://HOST:PORT names its Redis.", {
      setting: "fleet",
    });
  const action = steerWords.find((one) => one === word);
  if (word !== undefined && (action === undefined || worker === undefined))
    throw new RequestError(
      "invalid-value",
      `fooocusd fleet takes one of ${steerWords.join(", ")} and the id of a worker, or nothing, which lists them.`,
    );
  const joined = await openFleet({
    url: config.fleet,
    name: config.fleet_name,
    id: `looker-${process.pid}`,
    recipeVersion,
    log: silentLog,
  });
  try {
    const members = new FleetMembers(joined, recipeVersion, silentLog, () => undefined);
    const desk = fleetDesk(joined, members);
    if (action === undefined || worker === undefined) {
      await members.look();
      const view = await desk.look();
      console.log(options["json"] === true ? JSON.stringify(view, undefined, 2) : textOf(view));
      return 0;
    }
    await desk.steer(worker, action);
    console.log(`${worker} was told to ${action}; fooocusd fleet shows what it does.`);
    return 0;
  } finally {
    await joined.close();
  }
}

function textOf({ members, waiting, paused }: FleetView): string {
  const widest = Math.max(0, ...members.map(({ id }) => id.length));
  const lines = members.map((member) => `${member.id.padEnd(widest)}  ${saidOf(member)}`);
  const waits = waiting.map(
    ({ tasks, checkpoint, why }) => `${tasks} wait for ${checkpoint}${why === null ? "" : `: ${why}`}`,
  );
  return [
    ...(lines.length === 0 ? ["Nobody is there."] : lines),
    ...waits,
    ...(paused ? ["The queue is paused."] : []),
  ].join("\n");
}

function saidOf({ role, state, host, leads, engines, rates }: SeenMember): string {
  if (role === "head") return `head     ${state.padEnd(8)}  ${host}${leads ? ", keeps house" : ""}`;
  const rate = rates["pictures_per_hour"];
  const each = engines.map(({ name, checkpoint, task }) =>
    [name, checkpoint ?? "", task === null ? "idle" : `draws ${task}`]
      .filter((part) => part !== "")
      .join(" "),
  );
  return `worker   ${state.padEnd(8)}  ${host}, ${each.join(", ")}, ${typeof rate === "number" ? rate : 0} pictures per hour`;
}
