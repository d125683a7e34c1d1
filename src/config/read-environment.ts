import { prefix } from "./misspelt.ts";
import type { Settings } from "./settings.ts";

/** Environment variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Takes over FOOOCUSD_<KEY>, and the two variables that say where FooocusAPI listens. @throws EngineError `bad-setting` */
export function readEnvironment(env: Variables, settings: Settings): void {
  const { GRADIO_SERVER_PORT: page, API_PORT: api } = env;
  if (page !== undefined)
    settings.set("port", /^\d+$/.test(page) ? Number(page) + 1 : page, "GRADIO_SERVER_PORT");
  if (api !== undefined) settings.set("port", api, "API_PORT");
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(prefix) || value === undefined) continue;
    const key = name.slice(prefix.length).toLowerCase();
    settings.set(key, value, name);
  }
}
