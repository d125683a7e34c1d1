import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { Redis } from "ioredis";
import { noRedis, type OwnRedis, ownRedis } from "../../../test/support/own-redis.ts";

/** A Redis of this measurement's own, with what it says of itself. */
export type MeasuredRedis = OwnRedis & Readonly<{ info: () => Promise<RedisInfo> }>;

/** Of Redis' INFO: seconds of processor time, bytes, commands since it started, those inside of scripts included, all together and by kind. */
export type RedisInfo = Readonly<{
  seconds: number;
  bytes: number;
  commands: number;
  kinds: ReadonlyMap<string, number>;
  clients: number;
}>;

/** Starts one that writes every command to disk each second, as docs/scale.md wants it. Ends the program where there is none. */
export async function measuredRedis(): Promise<MeasuredRedis> {
  if (noRedis !== undefined) {
    console.error(`Nothing is measured: ${noRedis}. \`node scripts/redis.mjs\` installs one, or says how.`);
    process.exit(1);
  }
  const redis = await ownRedis("appendonly", "yes", "maxmemory-policy", "noeviction");
  const client = new Redis(redis.url);
  const info = async (): Promise<RedisInfo> => {
    const facts = new Map(
      (await client.info("everything")).split(/\r?\n/).map((line): [string, string] => {
        const at = line.indexOf(":");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    );
    const number = (name: string): number => Number(facts.get(name) ?? 0);
    return {
      seconds: number("used_cpu_sys") + number("used_cpu_user"),
      bytes: number("used_memory"),
      commands: number("total_commands_processed"),
      kinds: new Map(
        [...facts].flatMap(([name, text]): [string, number][] =>
          name.startsWith("cmdstat_") ? [[name.slice(8), Number(/calls=(\d+)/.exec(text)?.[1])]] : [],
        ),
      ),
      clients: number("connected_clients"),
    };
  };
  const close = async (): Promise<void> => {
    client.disconnect();
    await redis.close();
  };
  return { ...redis, info, close };
}

/** The machine, for the head of a report. */
export const machine = (): string =>
  `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 16)}`;

/** The mean load of the last minute: above the number of cores, something waited for one. */
export const load = (): string => `load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores`;

/** Seconds of processor time that a process has used. */
export function secondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Bytes of memory that a process has. */
export const bytesOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

/** The value below which so much of all are. */
export const quantile = (values: readonly number[], part: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
};

/** Middle, ninety-nine hundredths and greatest, in milliseconds. */
export const spread = (values: readonly number[]): string =>
  `p50 ${quantile(values, 0.5).toFixed(0)}, p99 ${quantile(values, 0.99).toFixed(0)}, most ${Math.max(...values).toFixed(0)} ms of ${values.length}`;
