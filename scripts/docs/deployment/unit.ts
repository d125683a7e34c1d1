/** What of a unit of systemd its stand-in does. */
export type Unit = Readonly<{
  type: string;
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  folder: string;
  /** Below `/var/lib` and `/var/cache`. */
  state: readonly string[];
  cache: readonly string[];
  watchdogSeconds: number;
  stopSeconds: number;
}>;

/** @throws Error for a line that is none of a unit's, or says a command in a way that is not read here */
export function readUnit(text: string): Unit {
  const said = new Map<string, string[]>();
  for (const line of text.split("\n").filter((one) => !/^\s*(?:#.*|\[\w+\])?$/.test(one))) {
    const [, key = "", value = ""] = /^([A-Z]\w+)=(.*)$/.exec(line) ?? [];
    if (key === "") throw new Error(`not a line of a unit: ${line}`);
    said.set(key, [...(said.get(key) ?? []), value]);
  }
  const one = (key: string): string => said.get(key)?.[0] ?? "";
  const command = one("ExecStart");
  if (command === "" || /["'%$\\]/.test(command)) throw new Error(`not a plain command: ${command}`);
  const seconds = (key: string): number => {
    const value = Number(one(key));
    if (!(value > 0)) throw new Error(`${key} is no number of seconds: ${one(key)}`);
    return value;
  };
  return {
    type: one("Type"),
    command: command.split(/\s+/),
    env: Object.fromEntries((said.get("Environment") ?? []).map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
    folder: one("WorkingDirectory"),
    state: said.get("StateDirectory") ?? [],
    cache: said.get("CacheDirectory") ?? [],
    watchdogSeconds: seconds("WatchdogSec"),
    stopSeconds: seconds("TimeoutStopSec"),
  };
}
