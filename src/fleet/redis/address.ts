import { EngineError } from "#/lib/errors.ts";

/** Where a Redis is, as it may be shown: without name and password. */
export type RedisAddress = Readonly<{ url: string; shown: string; host: string; port: number; tls: boolean }>;

/** @throws EngineError `bad-setting` for what is no address of a Redis; the sentence does not repeat it, since it may hold a password */
export function redisAddress(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["redis:", "rediss:"].includes(url.protocol) || url.hostname === "") {
    throw new EngineError(
      "bad-setting",
      "The address of the fleet's Redis must look like redis://host:6379, or rediss://user:password@host:6380/0 with TLS; " +
        "characters of a password that mean something in an address are written as %40 and the like",
    );
  }
  if (!/^(?:\/\d*)?$/.test(url.pathname)) {
    throw new EngineError(
      "bad-setting",
      `Behind the fleet's Redis ${url.host} stands ${url.pathname}, where only the number of a database can be, as in /0`,
    );
  }
  const port = url.port === "" ? 6379 : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { url: text, shown: `${url.hostname}:${port}`, host, port, tls: url.protocol === "rediss:" };
}
