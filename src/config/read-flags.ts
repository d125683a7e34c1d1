import { EngineError } from "#/lib/errors.ts";
import { type Flag, keyOfFlag } from "./flags.ts";
import { ignoredFlags } from "./ignored-flags.ts";
import type { Variables } from "./read-environment.ts";
import { type Settings, schemaOf } from "./settings.ts";
import { allowed } from "./values.ts";

/** Takes over flags. Of one that is given twice the last counts; lists are joined. @throws EngineError `bad-setting` */
export function readFlags(flags: readonly Flag[], settings: Settings): void {
  const lists = new Map<string, string[]>();
  for (const { flag, value } of flags) {
    const reason = ignoredFlags.get(flag);
    if (reason !== undefined) {
      const note = `${flag} changes nothing here: ${reason}.`;
      if (!settings.notes.includes(note)) settings.notes.push(note);
      continue;
    }
    const key = keyOfFlag(flag);
    const schema = key === undefined ? undefined : schemaOf(key);
    if (key === undefined || schema === undefined) continue;
    const text = value ?? bareValue(flag, key);
    const before = lists.get(key) ?? [];
    if (schema.type === "array" && text !== "") lists.set(key, [...before, text]);
    settings.set(key, lists.get(key)?.join(",") ?? text, flag);
  }
}

/** What a flag without a value means: a switch is on, `--listen` is everywhere, all else was forgotten. */
function bareValue(flag: string, key: string): string {
  if (flag === "--listen") return "0.0.0.0";
  const schema = schemaOf(key);
  if (schema?.type === "boolean") return "true";
  const takes = schema === undefined ? "" : ` it takes ${allowed(schema)}.`;
  throw new EngineError("bad-setting", `${flag} needs a value:${takes}`, { flag });
}

/**
 * FooocusAPI's --port is its web page's, and its API listens one above, or on API_PORT; ours is one server that answers
 * on both.
 *
 * @returns whether the second port was set here
 */
export function followPort(
  flags: readonly Flag[],
  { API_PORT: api }: Variables,
  settings: Settings,
): boolean {
  const given = flags.map(({ flag }) => flag);
  const port = settings.get("port");
  if (!given.includes("--port") || given.includes("--also-port") || typeof port !== "number") return false;
  const also = api === undefined ? port + 1 : Number(api);
  if (port === 0 || also > 65535 || also === port) return false;
  settings.set("also_port", also, api === undefined ? "--port" : "API_PORT");
  return true;
}
