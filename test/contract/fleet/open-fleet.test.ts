import { afterEach, describe, expect, test } from "bun:test";
import net from "node:net";
import { Redis } from "ioredis";
import type { FleetOptions } from "#/fleet/fleet.ts";
import { EngineError } from "#/lib/errors.ts";
import { createLog } from "#/lib/log.ts";
import { join, someJob } from "../../support/fleet-bench.ts";
import { noRedis, type OwnRedis, ownRedis } from "../../support/own-redis.ts";
import { testCertificate } from "../../support/test-certificate.ts";

if (noRedis !== undefined) console.warn(`What a fleet refuses is not tested: ${noRedis}.`);

const servers: { close: () => unknown }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function server(...options: readonly string[]): Promise<OwnRedis> {
  const redis = await ownRedis(...options);
  servers.push(redis);
  return redis;
}

/** Why a fleet cannot be joined: the code and the sentence. */
async function refusal(url: string, options: Partial<FleetOptions> = {}): Promise<string> {
  try {
    const fleet = await join(url, "m", options);
    await fleet.close();
    return "joined";
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return `${thrown.code}: ${thrown.message}`;
  }
}

/** A server that answers every line with the same, as a Redis of another kind would. */
async function answering(answer: (words: string) => string): Promise<number> {
  const tcp = net.createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      const words = bytes.toString();
      const commands = words.startsWith("*") ? words.split(/(?=\*\d+\r\n)/) : [words];
      for (const command of commands) socket.write(answer(command));
    });
  });
  await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
  servers.push({ close: () => tcp.close() });
  const address = tcp.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const info = (...lines: readonly string[]) => {
  const text = lines.join("\r\n");
  return (words: string) => (/info/i.test(words) ? `$${text.length}\r\n${text}\r\n` : "+OK\r\n");
};

describe("what is no Redis for a fleet is refused in a sentence", () => {
  test("an address that is none", async () => {
    for (const url of ["", "here", "http://a:1", "redis://", "redis://:pass word@[", "/tmp/redis.sock"]) {
      expect(await refusal(url)).toStartWith("bad-setting: The address of the fleet's Redis must look like");
    }
    const [database, name] = [
      await refusal("redis://:geheim@h:1/queue"),
      await refusal("redis://h", { name: "a b" }),
    ];
    expect(database).toContain("only the number of a database");
    expect(database).not.toContain("geheim");
    expect(name).toContain('fleet_name is "a b"');
  });

  test("nobody there, or somebody else", async () => {
    expect(await refusal("redis://:geheim@127.0.0.1:1")).toBe(
      "fleet-unavailable: The fleet's Redis cannot be reached at 127.0.0.1:1 (connect ECONNREFUSED 127.0.0.1:1); " +
        "start it, or correct the address; if it wants TLS, write rediss://",
    );
    const unknown = await refusal("redis://:geheim@nowhere.invalid:7000");
    expect(unknown).toContain("cannot be reached at nowhere.invalid:7000");
    const http = Bun.serve({ port: 0, fetch: () => new Response("hello") });
    servers.push({ close: () => http.stop(true) });
    expect(await refusal(`redis://:geheim@127.0.0.1:${http.port}`)).toBe(
      `bad-setting: What answers at 127.0.0.1:${http.port} is no Redis; correct the address of the fleet`,
    );
    const mute = await answering(() => "");
    const silent = await refusal(`redis://:geheim@127.0.0.1:${mute}`);
    expect(silent).toStartWith(
      `fleet-unavailable: The fleet's Redis cannot be reached at 127.0.0.1:${mute} (`,
    );
    expect(unknown + silent).not.toContain("geheim");
  }, 30_000);

  test("one that is too old, one of a cluster, a replica", async () => {
    const old = await answering(info("redis_version:6.0.16"));
    expect(await refusal(`redis://127.0.0.1:${old}`)).toBe(
      `bad-setting: The fleet's Redis at 127.0.0.1:${old} is version 6.0.16; a fleet needs 6.2 or newer, or Valkey`,
    );
    const cluster = await answering(info("redis_version:7.2.4", "cluster_enabled:1"));
    expect(await refusal(`redis://127.0.0.1:${cluster}`)).toContain("is a node of a cluster");
  });

  test("TLS where there is none", async () => {
    const tls = Bun.serve({ port: 0, tls: testCertificate, fetch: () => new Response("hello") });
    servers.push({ close: () => tls.stop(true) });
    expect(await refusal(`redis://127.0.0.1:${tls.port}`)).toBe(
      `bad-setting: At 127.0.0.1:${tls.port} TLS is spoken; write rediss:// in the place of redis://`,
    );
    const own = await refusal(`rediss://127.0.0.1:${tls.port}`);
    expect(own).toContain(`127.0.0.1:${tls.port}`);
  }, 30_000);
});

describe.skipIf(noRedis !== undefined)("a Redis that a fleet cannot use", () => {
  test("a password that is missing or wrong is asked for, and never told", async () => {
    const redis = await server("requirepass", "geheim");
    const [missing, wrong] = [
      await refusal(redis.url),
      await refusal(`redis://somebody:geheimer@127.0.0.1:${redis.port}`),
    ];
    expect(missing).toContain("wants a password; put it into the address");
    expect(wrong).toContain("does not know the name and password in the address");
    expect(missing + wrong).not.toContain("geheim");
    expect(await refusal(`redis://:geheim@127.0.0.1:${redis.port}/1`)).toBe("joined");
  });

  test("a user without rights, and a database that is not there", async () => {
    const redis = await server();
    const client = new Redis(redis.url);
    await client.call("ACL", "SETUSER", "weak", "on", ">geheim", "~*", "+@all", "-xadd");
    await client.call("ACL", "SETUSER", "elsewhere", "on", ">geheim", "~other*", "+@all");
    client.disconnect();
    const [weak, elsewhere] = [
      await refusal(`redis://weak:geheim@127.0.0.1:${redis.port}`),
      await refusal(`redis://elsewhere:geheim@127.0.0.1:${redis.port}`),
    ];
    expect(weak).toContain("may not do all that a fleet needs");
    expect(weak).toContain("xadd");
    expect(elsewhere).toContain("may not do all that a fleet needs");
    const none = await refusal(`${redis.url}/99`);
    expect(none).toContain("has no database of the number in the address");
    expect(weak + elsewhere + none).not.toContain("geheim");
  });

  test("TLS of a Redis that has none", async () => {
    const redis = await server();
    expect(await refusal(`rediss://127.0.0.1:${redis.port}`)).toBe(
      `bad-setting: The fleet's Redis at 127.0.0.1:${redis.port} speaks without TLS; write redis:// in the place of rediss://`,
    );
  }, 30_000);

  test("a replica, and a full one", async () => {
    const master = await server();
    const replica = await server("replicaof", `127.0.0.1 ${master.port}`);
    expect(await refusal(replica.url)).toBe(
      `bad-setting: The fleet's Redis at 127.0.0.1:${replica.port} is a replica, which takes nothing; ` +
        `give the address of its master (127.0.0.1:${master.port})`,
    );
    const full = await server("maxmemory", "1", "maxmemory-policy", "noeviction");
    expect(await refusal(full.url)).toContain("is full or cannot save");
  });

  test("one that becomes full fails what is asked of it, in a sentence, and goes on when it has room", async () => {
    const redis = await server();
    const fleet = await join(redis.url, "m");
    const client = new Redis(redis.url);
    await client.config("SET", "maxmemory", "1");
    const failed = await fleet.lines.add(someJob()).catch((thrown: unknown) => thrown);
    expect(failed).toMatchObject({ code: "fleet-unavailable" });
    expect(String(failed)).toContain("is full or cannot save");
    const appended = fleet.log.append({ taskId: null, type: "member", id: "m", change: "came" });
    await Bun.sleep(500);
    await client.config("SET", "maxmemory", "0");
    expect(await appended).toBe(1);
    client.disconnect();
    await fleet.close();
  }, 30_000);

  test("one that evicts is warned of; a fleet of another protocol is not joined, one of another name is", async () => {
    const redis = await server("maxmemory", "100mb", "maxmemory-policy", "allkeys-lru");
    const lines: string[] = [];
    const log = createLog("warn", { write: (line) => lines.push(line) });
    expect(await refusal(redis.url, { log })).toBe("joined");
    expect(lines.join("")).toContain("set its maxmemory-policy to noeviction");
    const client = new Redis(redis.url);
    await client.set("{test}:protocol", 7);
    client.disconnect();
    expect(await refusal(redis.url)).toContain("speaks protocol 7, and this fooocusd protocol 1");
    expect(await refusal(redis.url, { name: "another" })).toBe("joined");
  });
});
