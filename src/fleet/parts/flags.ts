import type { Flags } from "../fleet.ts";
import type { Connection } from "../redis/connection.ts";
import type { FleetKeys } from "../redis/keys.ts";

/** A flag is a key that is there. */
export const redisFlags = (connection: Connection, keys: FleetKeys): Flags => ({
  get: async (name) => (await connection.ask((client) => client.exists(keys.flag(name)))) === 1,
  set: async (name, value) => {
    const key = keys.flag(name);
    await connection.ask<unknown>((client) => (value ? client.set(key, "1") : client.del(key)));
  },
});
