import { silentLog } from "#/lib/log.ts";
import { readAddress } from "./address.ts";
import { Connection } from "./connection.ts";
import { rehearse } from "./migrate.ts";

/**
 * Looks whether a history can be kept in a Postgres, and changes nothing there.
 *
 * @param setting the address, see {@link readAddress}
 * @returns the address as people may read it
 * @throws EngineError `bad-setting`, or one of a store with what is wrong and the way out
 */
export async function lookAtPostgres(setting: string): Promise<string> {
  const connection = new Connection(readAddress(setting), silentLog);
  try {
    await rehearse(connection);
    return connection.address.shown;
  } finally {
    await connection.close();
  }
}
