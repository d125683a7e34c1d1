import type { Command, Option } from "commander";
import { isSwitch } from "#/config/flags.ts";
import { EngineError } from "#/lib/errors.ts";
import { meantName } from "#/lib/misspelling.ts";

/** What people write for `--version`. */
const versions: readonly (string | undefined)[] = ["-v", "-V", "version"];

/**
 * A command line as the parser reads it: `help generate` is `generate --help`, and a command may stand behind its flags.
 *
 * @param program all commands, which were not parsed
 * @throws EngineError `bad-setting` for help on a command that is none
 */
export function meantArgs(program: Command, args: readonly string[]): readonly string[] {
  const [first, second] = args;
  if (versions.includes(first)) return ["--version"];
  if (first === "help") {
    if (second === undefined || second === first || second.startsWith("-")) return ["--help"];
    if (!namesOf(program).includes(second)) throw noCommand(program, second);
    return [second, "--help"];
  }
  const at = commandAt(program, args);
  const command = args[at];
  return command === undefined ? args : [command, ...args.slice(0, at), ...args.slice(at + 1)];
}

/** The refusal of a word that is no command, with the one that was probably meant. */
export function noCommand(program: Command, word: string): EngineError {
  const meant = meantName(word, [...namesOf(program), "help"]);
  const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
  const shown = word === "" ? '""' : word;
  const message = `There is no command ${shown}; ${program.name()} --help lists them.${hint}`;
  return new EngineError("bad-setting", message, { arg: word });
}

const namesOf = (program: Command): readonly string[] => program.commands.map((one) => one.name());

/** Where the command stands, with nothing but flags before it; -1 where there is none. */
function commandAt(program: Command, args: readonly string[]): number {
  const options = program.commands.flatMap((command) => command.options);
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? "";
    if (word === "--") return -1;
    if (!word.startsWith("-")) return namesOf(program).includes(word) ? at : -1;
    const next = args[at + 1];
    if (takesNext(options, word) && next?.startsWith("-") === false) at += 1;
  }
  return -1;
}

/** Whether the word behind a flag is its value. */
function takesNext(options: readonly Option[], word: string): boolean {
  const option = options.find(({ long, short }) => word === long || word === short);
  return option !== undefined && (option.required || option.optional) && !isSwitch(word);
}
