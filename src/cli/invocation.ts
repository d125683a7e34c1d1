import type { Flag } from "#/config/flags.ts";
import type { Variables } from "#/config/read-environment.ts";

/** How the program was started. */
export type Invocation = Readonly<{
  /** What stands behind the program's name. */
  args: readonly string[];
  env: Variables;
  /** Starts this program as an engine. */
  engineCommand: readonly string[];
}>;

/** The exit code that a command ends with; undefined where it goes on by itself. */
export type Ending = number | undefined;

/** What a command is given. */
export type Given = Omit<Invocation, "args"> &
  Readonly<{
    /** Settings of the server that were said. */
    flags: readonly Flag[];
    /** Its arguments. */
    words: readonly string[];
    /** Its own options, by their names in camel case. */
    options: Readonly<Record<string, unknown>>;
  }>;
