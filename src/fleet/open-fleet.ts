import { EngineError } from "#/lib/errors.ts";
import type { Fleet, FleetOptions } from "./fleet.ts";
import { RedisClaims } from "./parts/claims.ts";
import { redisFlags } from "./parts/flags.ts";
import { RedisInboxes } from "./parts/inboxes.ts";
import { RedisLines } from "./parts/lines/lines.ts";
import { RedisLog } from "./parts/log.ts";
import { RedisQuestions } from "./parts/questions/questions.ts";
import { RedisRoll } from "./parts/roll.ts";
import { redisAddress } from "./redis/address.ts";
import { Connection } from "./redis/connection.ts";
import { fleetKeys } from "./redis/keys.ts";
import { refuseUnfit } from "./redis/refusals.ts";

const usual = { leaseMs: 30_000, logEntries: 20_000 } as const;
const lastWords = 2_000;

/**
 * Joins a fleet.
 *
 * @throws EngineError `bad-setting`, `fleet-unavailable`: a sentence with the way out, never with the password
 */
export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const { name, id, recipeVersion, log } = options;
  if (!/^[\w.-]{1,64}$/.test(name)) {
    throw new EngineError(
      "bad-setting",
      `fleet_name is ${JSON.stringify(name)}; it is at most 64 letters, digits, dots, hyphens and underscores`,
    );
  }
  const address = redisAddress(options.url);
  const keys = fleetKeys(name);
  await refuseUnfit(address, name, keys, log);
  const connection = await Connection.open(address, log);
  const fleetLog = new RedisLog(connection, keys, options.logEntries ?? usual.logEntries, log);
  const leaseMs = options.leaseMs ?? usual.leaseMs;
  return {
    lines: new RedisLines(connection, keys, { member: id, recipeVersion, leaseMs }),
    log: fleetLog,
    roll: new RedisRoll(connection, keys),
    inboxes: new RedisInboxes(connection, keys),
    questions: new RedisQuestions(connection, keys, recipeVersion),
    claims: new RedisClaims(connection, keys),
    flags: redisFlags(connection, keys),
    get reachable() {
      return connection.reachable;
    },
    onTrouble: (listener) => connection.onTrouble(listener),
    close: async () => {
      await fleetLog.flush(lastWords);
      connection.close();
    },
  };
}
