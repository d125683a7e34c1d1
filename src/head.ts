import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Catalog } from "#/catalog/catalog.ts";
import type { Config } from "#/config/schema.ts";
import type { Fleet } from "#/fleet/fleet.ts";
import { openFleet } from "#/fleet/open-fleet.ts";
import type { Log } from "#/lib/log.ts";
import { version } from "#/lib/version.ts";
import { recipeVersion } from "#/recipe/kept-recipe.ts";
import type { Signed } from "#/recipe/resolve.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { ImageStore } from "#/stores/images.ts";
import { fleetRunner } from "#/tasks/fleet/create-fleet-runner.ts";
import { engineNews } from "#/tasks/fleet/engine-news.ts";
import { FleetMembers } from "#/tasks/fleet/fleet-members.ts";
import { FleetQuestions } from "#/tasks/fleet/fleet-questions.ts";
import { openFleetEvents } from "#/tasks/fleet/fleet-start.ts";
import { historyFact, historyMark, refuseOtherHistory } from "#/tasks/fleet/head-history.ts";
import { headPlace, type PlaceConfig, refuseOtherPlace } from "#/tasks/fleet/head-place.ts";
import { Leadership } from "#/tasks/fleet/leadership.ts";
import { refuseTakenName } from "#/tasks/fleet/own-name.ts";
import { placeFact } from "#/tasks/fleet/picture-place.ts";
import type { Elsewhere } from "#/tasks/life-cycle/create-life-cycle.ts";

/** What of the configuration a fleet is joined with. */
export type FleetConfig = Pick<Config, "fleet" | "fleet_name" | "member_name" | "lease_seconds">;

/** What of it a head reads beside that. */
type HeadConfig = FleetConfig & PlaceConfig & Pick<Config, "queue_limit">;

/** What a head has tasks made with. */
type HeadStores = Readonly<{
  catalog: Catalog;
  history: HistoryStore;
  images: ImageStore;
  baseUrl: () => string;
}>;

/** This server in its fleet. */
export type Head = Readonly<{
  fleet: Fleet;
  /** What is otherwise where workers make the tasks. */
  elsewhere: (stores: HeadStores) => (signed: Signed) => Elsewhere;
  leave: () => Promise<void>;
}>;

/**
 * Joins a fleet as a server that takes requests.
 *
 * @throws EngineError `bad-setting`, `fleet-unavailable`
 */
export async function joinAsHead(config: HeadConfig, kept: HistoryStore, log: Log): Promise<Head> {
  const { fleet, id } = await joinFleet(config, log);
  const place = await headPlace(config);
  await refuseOtherPlace(fleet.roll, place, { ...config, id });
  const mark = await historyMark(kept);
  await refuseOtherHistory(fleet.roll, mark, id);
  const events = await openFleetEvents(fleet, Date.now);
  const leadership = new Leadership();
  const startedAt = Date.now();
  const presence = fleet.roll.enter(() => ({
    id,
    role: "head",
    host: hostname(),
    version,
    recipeVersion,
    startedAt,
    state: "ready",
    engines: [],
    models: "",
    facts: { leads: leadership.leads, [placeFact]: place, [historyFact]: mark },
  }));
  return {
    fleet,
    elsewhere:
      ({ catalog, history, images, baseUrl }) =>
      (signed) => {
        const bytes: Catalog["bytes"] = (kind, name) => catalog.bytes(kind, name);
        const members = new FleetMembers(fleet, recipeVersion, log, (changed) =>
          events.addServer(engineNews(members.engines, changed)),
        );
        const { queue_limit: limit } = config;
        const questions = new FleetQuestions({ questions: fleet.questions, members, bytes, limit });
        return {
          events,
          askTool: (...question) => questions.ask(...question),
          whenLeading: (duty) => leadership.add(duty),
          openRunner: fleetRunner({
            fleet,
            events,
            history,
            images,
            members,
            questions,
            signed,
            baseUrl,
            path: (kind, name) => catalog.path(kind, name),
            bytes,
            leads: (leads) => leadership.change(leads),
          }),
        };
      },
    leave: async () => {
      await presence.leave();
      await fleet.close();
    },
  };
}

/** Joins a fleet, under the name of the settings or one of its own. */
export async function joinFleet(
  config: FleetConfig,
  log: Log,
): Promise<Readonly<{ fleet: Fleet; id: string }>> {
  const id =
    config.member_name === "" ? `${hostname()}-${randomBytes(3).toString("hex")}` : config.member_name;
  const fleet = await openFleet({
    url: config.fleet,
    name: config.fleet_name,
    id,
    recipeVersion,
    log,
    leaseMs: config.lease_seconds * 1000,
  });
  if (config.member_name !== "")
    await refuseTakenName(fleet.roll, id, log).catch(async (thrown: unknown) => {
      await fleet.close();
      throw thrown;
    });
  return { fleet, id };
}
