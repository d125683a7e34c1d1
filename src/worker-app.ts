import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Config } from "#/config/schema.ts";
import type { Engine } from "#/engine/engine.ts";
import { openEngines } from "#/engines.ts";
import type { Fleet } from "#/fleet/fleet.ts";
import { openFleet } from "#/fleet/open-fleet.ts";
import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { version } from "#/lib/version.ts";
import { recipeVersion } from "#/recipe/kept-recipe.ts";
import { openShelves } from "#/shelves.ts";
import { createMaking } from "#/tasks/create-making.ts";
import { FleetWorker } from "#/tasks/fleet/worker.ts";
import { DiskWait } from "#/tasks/life-cycle/disk-wait.ts";

/** A running worker of a fleet. */
export type WorkerApp = Readonly<{
  /** What it is called on the roll. */
  id: string;
  /** Fulfilled when somebody told it to leave, and it has nothing left to do. */
  left: Promise<void>;
  /** Takes nothing more, waits for the tasks at hand as long as the settings say, hands back what is left, and goes. */
  close: () => Promise<void>;
  /** While it closes: waits for the tasks at hand no longer. */
  handBack: () => Promise<void>;
}>;
