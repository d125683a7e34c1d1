import { EngineError } from "#/lib/errors.ts";
import type { Fleet, FleetOptions } from "./fleet.ts";

/**
 * Joins a fleet.
 *
 * @throws EngineError `bad-setting`, `fleet-unavailable`: a sentence with the way out, never with the password
 */
export async function openFleet(options: FleetOptions): Promise<Fleet> {
  throw new EngineError("fleet-unavailable", `The fleet ${options.name} cannot be joined yet`);
}
