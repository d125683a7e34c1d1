import { EngineError } from "#/lib/errors.ts";
import type { Address } from "./address.ts";
import { schemaName } from "./tables.ts";

/** What a failure of Postgres or of the way to it means for whoever runs the server: what is wrong, and the way out. */
type Reason = Readonly<{
  /** The server's SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), or the driver's word. */
  code: RegExp;
  says: (address: Address) => string;
  /** It passes by itself. */
  busy?: true;
  /** Room mends it. */
  full?: true;
}>;

const reasons: readonly Reason[] = [
  {
    code: /^ERR_POSTGRES_CONNECTION_(REFUSED|FAILED|TIMEOUT)$/,
    says: () => "Postgres does not answer; start it, or correct the setting history",
    busy: true,
  },
  {
    code: /^(ERR_POSTGRES_(CONNECTION_CLOSED|IDLE_TIMEOUT|LIFETIME_TIMEOUT)|late|08...|57P0[125])$/,
    says: () => "the connection to Postgres was lost; it is made anew as soon as that answers",
    busy: true,
  },
  {
    code: /^57P03$/,
    says: () => "Postgres is starting or ending; wait until it is up",
    busy: true,
  },
  {
    code: /^53300$/,
    says: () => "Postgres has no connection left; raise its max_connections, or end programs that hold them",
    busy: true,
  },
  { code: /^(40...|55P03)$/, says: () => "another server wrote the same at that moment", busy: true },
  {
    code: /^28...$/,
    says: ({ user }) =>
      `Postgres does not let ${user} in; correct user and password in the setting history, or the password in PGPASSWORD`,
  },
  {
    code: /^3D000$/,
    says: ({ database }) =>
      `there is no database ${database}; create it (createdb ${database}), or name another in the setting history`,
  },
  {
    code: /^42501$/,
    says: ({ user, database }) =>
      `${user} may not do that; let it have a schema of its own (CREATE SCHEMA ${schemaName} AUTHORIZATION ${user}; or GRANT CREATE ON DATABASE ${database} TO ${user};)`,
  },
  {
    code: /^25006$/,
    says: () => "Postgres can only be read (a replica); name the primary in the setting history",
  },
  { code: /^53100$/, says: () => "the disk of Postgres is full; make room there", full: true },
  {
    code: /^(XX00[12]|58...)$/,
    says: () => "the files of Postgres are damaged or gone; restore its backup (its log says more)",
  },
  {
    code: /^(42P01|3F000|42703)$/,
    says: ({ database }) =>
      `tables of the schema ${schemaName} in ${database} are gone or changed; restore a backup, or drop that schema and start anew with an empty history`,
  },
  {
    code: /^ERR_POSTGRES_TLS_/,
    says: () => "Postgres does not speak TLS as sslmode in the setting history asks; correct one of the two",
  },
  {
    code: /^(?!ERR_POSTGRES)(.*(CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO|HOSTNAME).*)$/,
    says: () =>
      "the certificate of Postgres is not one to trust; name its authority by sslrootcert in the setting history",
  },
];

/** No answer came in time. */
export class LateAnswer extends Error {
  readonly code = "late";
}

/**
 * The error for a history that cannot do what it should.
 *
 * @param said what could not be done, as the beginning of a sentence. Of a server that runs clients are told it: it names no machine
 * @returns code `disk-full`; `storage-away`, with `details.busy`, where it passes by itself; else `storage-failed`
 */
export function postgresError(address: Address, said: string, cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  const reason = reasonOf(cause);
  const words = wordsOf(cause, address);
  const known = reason === undefined ? words : `${reason.says(address)} (${words})`;
  const details = { setting: "history", busy: reason?.busy === true };
  const kind = details.busy ? "storage-away" : reason?.full === true ? "disk-full" : "storage-failed";
  // The cause of the cause holds statements and their values, which no log needs.
  return new EngineError(kind, `${said}: ${known}.`, details, new Error(words));
}

/** Whether a failure passes by itself. */
export const passes = (thrown: unknown): boolean => reasonOf(thrown)?.busy === true;

const reasonOf = (thrown: unknown): Reason | undefined => {
  const code = codeOf(thrown);
  return reasons.find((reason) => reason.code.test(code));
};

function innermost(thrown: unknown): unknown {
  let at = thrown;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at;
}

/** The server's code, else the driver's. */
function codeOf(thrown: unknown): string {
  const at = innermost(thrown);
  if (!(at instanceof Error)) return "";
  if ("errno" in at && typeof at.errno === "string") return at.errno;
  return "code" in at && typeof at.code === "string" ? at.code : "";
}

function wordsOf(thrown: unknown, { password, url }: Address): string {
  const at = innermost(thrown);
  const words = (at instanceof Error ? at.message : String(at)).replace(/[.\s]+$/, "").replaceAll("\n", " ");
  const hidden = words.replaceAll(url, "the address");
  return password === "" ? hidden : hidden.replaceAll(password, "…");
}
