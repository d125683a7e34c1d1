import { basename } from "node:path";
import { type Flag, keyOfFlag, parseFlags } from "#/config/flags.ts";
import { readEnvironment } from "#/config/read-environment.ts";
import { followPort, readFlags } from "#/config/read-flags.ts";
import type { ConfigKey } from "#/config/schema.ts";
import { Settings } from "#/config/settings.ts";
import { refuseStrangeBase, refuseStrangeMirror, refuseStrangeWebhook } from "#/config/strange-addresses.ts";
import { AppError } from "#/lib/errors.ts";
import type { LaunchScript } from "./launch-scripts.ts";
import type { Report } from "./report.ts";

/** What the old program was started with: settings of ours, and where it put its pictures. */
export type LaunchSettings = Readonly<{
  values: Readonly<Partial<Record<ConfigKey, unknown>>>;
  outputs: string | undefined;
}>;

/**
 * The flags that start scripts agree on, as settings. What only some of them say is told, since nobody here knows which of them
 * is used; a flag that means nothing here is told with the reason.
 *
 * @param isApi whether `--port` is that of a page, with an API one above
 */
export function launchSettings(
  scripts: readonly LaunchScript[],
  isApi: boolean,
  report: Report,
): LaunchSettings {
  const settings = new Settings();
  const ports = isApi ? portsOf(scripts) : {};
  readEnvironment(ports, settings);
  const flags = agreed(scripts, report).flatMap((words) => readGroup(words, settings, report));
  for (const note of settings.notes) report.left("flags", note);
  const outputs = flags.findLast(({ flag }) => keyOfFlag(flag) === "outputs")?.value;
  const keys = new Set(flags.flatMap(({ flag }) => keyOfFlag(flag) ?? []));
  if (Object.keys(ports).length > 0) keys.add("port");
  if (isApi && followPort(flags, ports, settings)) keys.add("also_port");
  keys.delete("outputs");
  const values = Object.fromEntries([...keys].map((key) => [key, settings.get(key)] as const));
  return { values, outputs };
}

/** The groups of words that every script has. */
function agreed(scripts: readonly LaunchScript[], report: Report): readonly (readonly string[])[] {
  const lines = scripts.map(({ flags }) => new Set(flags.map((words) => words.join(" "))));
  const everywhere = (words: readonly string[]): boolean => lines.every((line) => line.has(words.join(" ")));
  for (const { file, flags } of scripts)
    for (const words of flags)
      if (!everywhere(words))
        report.left(
          "flags",
          `${words.join(" ")}: only ${basename(file)} says it, and other scripts start without it`,
        );
  return scripts[0]?.flags.filter(everywhere) ?? [];
}

/** @returns the flags that were taken over */
function readGroup(words: readonly string[], settings: Settings, report: Report): readonly Flag[] {
  const said = words.join(" ");
  if (/\$|%\w+%/.test(said)) {
    report.left("flags", `${said}: what the variable holds is not known here`);
    return [];
  }
  try {
    const flags = parseFlags(words);
    const trial = new Settings();
    readFlags(flags, trial);
    refuseStrangeBase(String(trial.get("base_url")));
    refuseStrangeWebhook(String(trial.get("webhook_url")));
    refuseStrangeMirror(String(trial.get("hf_mirror")));
    readFlags(flags, settings);
    return flags;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    report.broken("flags", thrown.message);
    return [];
  }
}

/** The variables by which FooocusAPI is told where its API listens. */
function portsOf(scripts: readonly LaunchScript[]): Readonly<Record<string, string>> {
  const set = scripts.flatMap(({ variables }) => Object.entries(variables));
  return Object.fromEntries(
    set.filter(
      ([name, value]) => ["API_PORT", "GRADIO_SERVER_PORT"].includes(name) && /^\d{1,4}$/.test(value),
    ),
  );
}
