import type { Command } from "commander";
import type { ConfigKey } from "#/config/schema.ts";
import type { Ending, Given } from "./invocation.ts";

/** A command of the program: its shape, and what it does. */
export type CliCommand = Readonly<{
  name: string;
  /** A line for `--help`. */
  summary: string;
  /** Which settings of the server it takes: all, with those that its help lists; or none. */
  settings: "all" | "none" | readonly ConfigKey[];
  /** What is run where a command line names no command. */
  isDefault?: boolean;
  /** Its arguments, options, and texts behind its help. */
  shape: (command: Command) => void;
  /** What shells offer for its first argument. */
  offered?: () => Promise<readonly string[]>;
  /** Imports what it needs when it is run, so that the others start without it. */
  run: (given: Given) => Promise<Ending>;
}>;
