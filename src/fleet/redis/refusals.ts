import { Redis } from "ioredis";
import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { RedisAddress } from "./address.ts";
import { connectionOptions } from "./connection.ts";
import type { FleetKeys } from "./keys.ts";
import { refusalOf } from "./refusal-of.ts";
import { runScript, script } from "./script.ts";
import { reasonOf } from "./trouble.ts";

/** What members of a fleet must agree on: keys, forms of what is written, the order of steps. */
export const protocolVersion = 1;

const oldest = { major: 6, minor: 2, shown: "6.2" } as const;
const milliseconds = 8_000;

/** Keys: the protocol. Argument: ours. Answer: that of the fleet. */
const agree = script(`
redis.call("SET", KEYS[1], ARGV[1], "NX")
return redis.call("GET", KEYS[1])`);

/** Commands of every kind that a fleet needs, on a key that goes again: one that may not be done is named by what Redis says. */
async function tryOut(client: Redis, key: string): Promise<void> {
  const answers = await client
    .pipeline()
    .xadd(key, "MAXLEN", "~", 1, "1-0", "e", "")
    .xrange(key, "-", "+")
    .del(key)
    .zadd(key, 1, "1")
    .del(key)
    .lpush(key, "1")
    .del(key)
    .hset(key, "a", "1")
    .del(key)
    .sadd(key, "1")
    .pexpire(key, 1_000)
    .del(key)
    .exec();
  const failed = answers?.find(([error]) => error !== null)?.[0];
  if (failed !== undefined && failed !== null) throw failed;
}

/**
 * Looks whether a fleet can live in a Redis.
 *
 * @throws EngineError `bad-setting` for what somebody has to change, `fleet-unavailable` for what may pass
 */
export async function refuseUnfit(
  address: RedisAddress,
  name: string,
  keys: FleetKeys,
  log: Log,
): Promise<void> {
  const client = new Redis(address.url, {
    ...connectionOptions,
    retryStrategy: () => null,
    enableReadyCheck: false,
  });
  const errors: unknown[] = [];
  client.on("error", (error) => errors.push(error));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(errors.length > 0 ? reasonOf(errors[0]) : "no answer")),
      milliseconds,
    );
  });
  try {
    await Promise.race([look(client, errors, { address, name, keys, log }), late]);
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    throw await refusalOf(address, errors[0] ?? thrown);
  } finally {
    clearTimeout(timer);
    client.disconnect();
  }
}

type Looked = Readonly<{ address: RedisAddress; name: string; keys: FleetKeys; log: Log }>;

async function look(client: Redis, errors: readonly unknown[], about: Looked): Promise<void> {
  const { address, name, keys, log } = about;
  await client.connect();
  const facts = factsOf(await client.info());
  // A number of a database that there is not is told in no other way, and the first one is used.
  if (errors.length > 0) throw errors[0];
  refuseKind(facts, address);
  await tryOut(client, keys.probe(crypto.randomUUID()));
  const protocol = await runScript(client, agree, [keys.protocol], [protocolVersion]);
  if (String(protocol) !== String(protocolVersion)) {
    throw new EngineError(
      "bad-setting",
      `The fleet ${name} at ${address.shown} speaks protocol ${String(protocol)}, and this fooocusd protocol ${protocolVersion}: ` +
        "run the same version everywhere, or give this one another fleet_name",
    );
  }
  const policy = facts.get("maxmemory_policy") ?? "noeviction";
  if (policy !== "noeviction") {
    log.warn(
      "the fleet's Redis drops keys when its memory is full, and tasks with them; set its maxmemory-policy to noeviction",
      { redis: address.shown, policy },
    );
  }
}

/** Lines `name:value` of Redis' INFO. */
const factsOf = (info: string): ReadonlyMap<string, string> =>
  new Map(
    info.split(/\r?\n/).flatMap((line): [string, string][] => {
      const at = line.indexOf(":");
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );

function refuseKind(facts: ReadonlyMap<string, string>, { shown }: RedisAddress): void {
  const version = facts.get("redis_version") ?? "0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) {
    throw new EngineError(
      "bad-setting",
      `The fleet's Redis at ${shown} is version ${version}; a fleet needs ${oldest.shown} or newer, or Valkey`,
    );
  }
  if (facts.get("cluster_enabled") === "1") {
    throw new EngineError(
      "bad-setting",
      `The fleet's Redis at ${shown} is a node of a cluster; give the fleet a single Redis, which is enough for thousands of tasks`,
    );
  }
  if (facts.get("role") === "slave") {
    const [host, port] = [facts.get("master_host"), facts.get("master_port")];
    throw new EngineError(
      "bad-setting",
      `The fleet's Redis at ${shown} is a replica, which takes nothing; give the address of its master (${host}:${port})`,
    );
  }
}
