import { EngineError } from "#/lib/errors.ts";

/** Where the history is, as the setting `history` says. */
export type Address = Readonly<{
  /** As it is given to the driver, password included: never shown. */
  url: string;
  /** As people may read it. */
  shown: string;
  user: string;
  database: string;
  /** What must not be in any sentence. */
  password: string;
}>;

/** What the driver and the server know; others are passed on to the server, which refuses what it does not know. */
const shownParameters = ["sslmode", "path", "application_name"];

/**
 * Reads an address as `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`.
 *
 * @throws EngineError `bad-setting`
 */
export function readAddress(setting: string): Address {
  const read = parts(setting);
  if (read === undefined) {
    const message =
      "The setting history is no address of a Postgres database; it is empty, or postgres://USER@HOST:PORT/DATABASE (a % or @ within a password is written %25 or %40).";
    throw new EngineError("bad-setting", message, { setting: "history" });
  }
  return read;
}

/** The setting as people may read it: without a password, whatever else it is. */
export const shownSetting = (setting: string): string =>
  parts(setting)?.shown ?? setting.replace(/^([^:/]*:\/*)[\s\S]*$/, "$1…");

function parts(setting: string): Address | undefined {
  const url = URL.parse(setting);
  if (url === null || !["postgres:", "postgresql:"].includes(url.protocol)) return undefined;
  try {
    const user = decodeURIComponent(url.username);
    const database = decodeURIComponent(url.pathname.slice(1));
    const password = decodeURIComponent(url.password);
    const parameters = shownParameters.flatMap((name) => {
      const value = url.searchParams.get(name);
      return value === null ? [] : [`${name}=${value}`];
    });
    if (user === "" || url.hostname === "") return undefined;
    return {
      url: setting,
      shown: `postgres://${user}@${url.host}/${database}${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`,
      user,
      database: database === "" ? user : database,
      password,
    };
  } catch {
    return undefined;
  }
}
