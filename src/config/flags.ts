import { EngineError } from "#/lib/errors.ts";
import { manyValued } from "./ignored-flags.ts";
import type { ConfigKey } from "./schema.ts";

/** A flag of the command line; without a value it may be a switch. */
export type Flag = Readonly<{ flag: string; value: string | undefined }>;

/** Flags of FooocusAPI and of the legacy Fooocus-API that mean one of our keys under another name. */
export const aliases: Readonly<Record<string, ConfigKey>> = {
  "--listen": "host",
  "--apikey": "api_keys",
  "--output-path": "outputs",
  "--queue-size": "queue_limit",
};

/**
 * The flags of a command line, as `--flag value` or `--flag=value`.
 *
 * @throws EngineError `bad-setting` for a word that is no flag
 */
export function* parseFlags(args: readonly string[]): Generator<Flag> {
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? "";
    if (!arg.startsWith("--"))
      throw new EngineError("bad-setting", `${arg} is not a flag; --help lists them.`, { arg });
    const [flag = "", ...rest] = arg.split("=");
    const next = args[i + 1];
    if (rest.length > 0) yield { flag, value: rest.join("=") };
    else if (next !== undefined && !next.startsWith("--")) {
      i += 1;
      yield { flag, value: next };
      while (manyValued.includes(flag) && args[i + 1]?.startsWith("--") === false) i += 1;
    } else yield { flag, value: undefined };
  }
}
