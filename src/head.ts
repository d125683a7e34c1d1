import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Catalog } from "#/catalog/catalog.ts";
import type { Config } from "#/config/schema.ts";
import type { Fleet } from "#/fleet/fleet.ts";
import { openFleet } from "#/fleet/open-fleet.ts";
import type { Member, Presence } from "#/fleet/roll.ts";
import type { Log } from "#/lib/log.ts";
import { version } from "#/lib/version.ts";
import { recipeVersion } from "#/recipe/kept-recipe.ts";
import type { Signed } from "#/recipe/resolve.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { ImageStore } from "#/stores/images.ts";
import { fleetRunner } from "#/tasks/fleet/create-fleet-runner.ts";
import { engineNews } from "#/tasks/fleet/engine-news.ts";
import { fleetDesk } from "#/tasks/fleet/fleet-desk.ts";
import type { FleetEvents } from "#/tasks/fleet/fleet-events.ts";
import { fleetMeasures } from "#/tasks/fleet/fleet-measures.ts";
import { FleetMembers } from "#/tasks/fleet/fleet-members.ts";
import { FleetQuestions } from "#/tasks/fleet/fleet-questions.ts";
import { openFleetEvents } from "#/tasks/fleet/fleet-start.ts";
import type { FleetDesk, FleetMeasures } from "#/tasks/fleet/fleet-view.ts";
import { type Admitted, admitHead, type HistoryToOpen } from "#/tasks/fleet/head-admission.ts";
import { HeadCounts } from "#/tasks/fleet/head-counts.ts";
import type { PlaceConfig } from "#/tasks/fleet/head-place.ts";
import { Leadership } from "#/tasks/fleet/leadership.ts";
import { refuseTakenName } from "#/tasks/fleet/own-name.ts";
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
  /** That which all heads share. */
  history: HistoryStore;
  /** Looking at the fleet, and telling its workers something. */
  desk: FleetDesk;
  measures: FleetMeasures;
  /** How many workers are there. */
  workers: () => number;
  /** What is otherwise where workers make the tasks. */
  elsewhere: (stores: HeadStores) => (signed: Signed) => Elsewhere;
  leave: () => Promise<void>;
}>;

/**
 * Joins a fleet as a server that takes requests.
 *
 * @throws EngineError `bad-setting`, `fleet-unavailable`, and what opening the history throws
 */
export async function joinAsHead(config: HeadConfig, history: HistoryToOpen, log: Log): Promise<Head> {
  const { fleet, id } = await joinFleet(config, log);
  try {
    return await headOf({ config, fleet, id, log }, history);
  } catch (thrown) {
    await fleet.close();
    throw thrown;
  }
}

/** What a head is made of. */
type Joined = Readonly<{ config: HeadConfig; fleet: Fleet; id: string; log: Log }>;

async function headOf({ config, fleet, id, log }: Joined, history: HistoryToOpen): Promise<Head> {
  const events = await openFleetEvents(fleet, Date.now);
  const leadership = new Leadership();
  const counts = new HeadCounts();
  const { presence, history: kept } = await enter(fleet, { ...config, id }, history, leadership);
  const members = membersOf(fleet, events, log);
  return {
    fleet,
    history: kept,
    desk: fleetDesk(fleet, members),
    measures: fleetMeasures({ fleet, members, events, counts, leads: () => leadership.leads }),
    workers: () => members.all.filter(({ role }) => role === "worker").length,
    elsewhere:
      ({ catalog, history, images, baseUrl }) =>
      (signed) => {
        const bytes: Catalog["bytes"] = (kind, name) => catalog.bytes(kind, name);
        const questions = new FleetQuestions({
          questions: fleet.questions,
          members,
          bytes,
          limit: config.queue_limit,
        });
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
            counts,
            questions,
            signed,
            baseUrl,
            path: (kind, name) => catalog.path(kind, name),
            bytes,
            leads: (leads) => {
              leadership.change(leads);
              void presence.update().catch(() => undefined);
            },
          }),
        };
      },
    leave: async () => {
      await presence.leave();
      await fleet.close();
    },
  };
}

/** Comes to the roll, if it may. */
async function enter(
  { roll }: Fleet,
  own: HeadConfig & Readonly<{ id: string }>,
  history: HistoryToOpen,
  leadership: Leadership,
): Promise<Readonly<{ presence: Presence; history: HistoryStore }>> {
  let admitted: Admitted | undefined;
  const facts = () => ({ leads: leadership.leads, ...admitted?.facts });
  const presence = await roll.admit(asMember(own.id, facts), async (there) => {
    admitted = await admitHead(there, own, history);
  });
  return { presence, history: admitted?.history ?? (await history.open()) };
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

/** Who is there; readers of this head are told when that changes. */
function membersOf(fleet: Fleet, events: FleetEvents, log: Log): FleetMembers {
  const members = new FleetMembers(fleet, recipeVersion, log, (changed) =>
    events.addServer(engineNews(members.engines, changed)),
  );
  return members;
}

/** What the roll says of a head. */
function asMember(id: string, facts: () => Member["facts"]): () => Member {
  const startedAt = Date.now();
  return () => ({
    id,
    role: "head",
    host: hostname(),
    version,
    recipeVersion,
    startedAt,
    state: "ready",
    engines: [],
    models: "",
    facts: facts(),
  });
}
