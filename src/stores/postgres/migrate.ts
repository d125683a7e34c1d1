import { sql } from "drizzle-orm";
import { EngineError } from "#/lib/errors.ts";
import type { Connection, Statements } from "./connection.ts";
import { firstTables } from "./migrations/001-tables.ts";

/** Statements that bring the tables from each version to the next. */
const migrations: readonly (readonly string[])[] = [firstTables];

/** The oldest Postgres that has all that is used; as `server_version_num`. */
const oldestServer = 120_000;

/** The number under which servers that start at once wait for each other: any that nobody else takes. */
const lockNumber = 7_866_021;

/**
 * Looks whether {@link migrate} would work, and leaves everything as it is.
 *
 * @throws EngineError as that
 */
export const rehearse = (connection: Connection): Promise<void> =>
  connection.undone(refusalOf(connection), (db) => bringUp(db, connection, migrations));

/**
 * Makes the tables, or brings those of an older version up, in one transaction and one server after the other. Nothing is written
 * where they are as they should be.
 *
 * @param known the migrations; tests give others
 * @throws EngineError `storage-failed`
 */
export const migrate = (connection: Connection, known = migrations): Promise<void> =>
  connection.atLength(refusalOf(connection), (db) => bringUp(db, connection, known));

const refusalOf = ({ address }: Connection): string => `The history ${address.shown} cannot be used`;

async function bringUp(db: Statements, connection: Connection, known: typeof migrations): Promise<void> {
  await refuseServer(db, refusalOf(connection));
  await refuseReadOnly(db, connection);
  if ((await versionOf(db)) === known.length) return;
  await db.execute(sql`SELECT pg_advisory_xact_lock(${sql.raw(String(lockNumber))})`);
  const version = await versionOf(db);
  if (version > known.length) throw newer(connection, version, known.length);
  if (version === 0) await createSchema(db);
  for (const statements of known.slice(version))
    for (const statement of statements) await db.execute(sql.raw(statement));
  await db.execute(sql.raw(`UPDATE fooocusd.version SET version = ${known.length}`));
}

async function refuseServer(db: Statements, said: string): Promise<void> {
  const [server] = await rowsOf(
    db,
    sql`SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version,
      current_setting('server_encoding') AS encoding`,
  );
  const fault =
    Number(server?.["number"]) < oldestServer
      ? `it is Postgres ${String(server?.["version"])}, and 12 or newer is needed`
      : server?.["encoding"] !== "UTF8"
        ? `its encoding is ${String(server?.["encoding"])}, which cannot keep every prompt; create the database with ENCODING 'UTF8' TEMPLATE template0`
        : undefined;
  if (fault !== undefined)
    throw new EngineError("storage-failed", `${said}: ${fault}.`, { setting: "history", busy: false });
}

async function refuseReadOnly(db: Statements, { address }: Connection): Promise<void> {
  const [state] = await rowsOf(db, sql`SELECT current_setting('transaction_read_only') AS only_read`);
  if (state?.["only_read"] !== "on") return;
  const message = `The history ${address.shown} cannot be used: Postgres there can only be read (a replica); name the primary in the setting history.`;
  throw new EngineError("storage-failed", message, { setting: "history", busy: false });
}

function newer({ address }: Connection, version: number, known: number): EngineError {
  const message =
    `The history ${address.shown} was written by a newer version of fooocusd (${version} > ${known}). ` +
    "Start that version, or name another database in the setting history.";
  return new EngineError("storage-failed", message, { setting: "history", busy: false });
}

/** A schema that an administrator made for us is taken as it is: to ask for it again needs the right to make one. */
async function createSchema(db: Statements): Promise<void> {
  const there = await rowsOf(db, sql`SELECT 1 AS one FROM pg_namespace WHERE nspname = 'fooocusd'`);
  if (there.length === 0) await db.execute(sql`CREATE SCHEMA fooocusd`);
  await db.execute(sql`CREATE TABLE fooocusd.version (version integer NOT NULL)`);
  await db.execute(sql`INSERT INTO fooocusd.version VALUES (0)`);
}

/** 0 where there are no tables of ours. */
async function versionOf(db: Statements): Promise<number> {
  // Read as rows: what `to_regclass` said before the lock was waited for, it says again.
  const there = await rowsOf(
    db,
    sql`SELECT 1 AS one FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
      WHERE nspname = 'fooocusd' AND relname = 'version'`,
  );
  if (there.length === 0) return 0;
  const [row] = await rowsOf(db, sql`SELECT version FROM fooocusd.version`);
  return Number(row?.["version"] ?? 0);
}

const rowsOf = async (
  db: Statements,
  query: ReturnType<typeof sql>,
): Promise<readonly Readonly<Record<string, unknown>>[]> => await db.execute(query);
