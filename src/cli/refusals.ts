import type { Command, CommanderError } from "commander";
import { isSettingFlag } from "#/config/flags.ts";
import { EngineError } from "#/lib/errors.ts";
import { meantName } from "#/lib/misspelling.ts";
import { noCommand } from "./meant-args.ts";

/** Everything that was not taken of a command line. */
export type Untaken = Readonly<{
  program: Command;
  command: Command;
  words: readonly string[];
  isNamed: boolean;
}>;

/**
 * Refuses what no option and no argument of a command took.
 *
 * @param untaken.isNamed whether the command was named, or is what is done where none is
 * @throws EngineError `bad-setting`
 */
export function refuseUntaken({ program, command, words: [word], isNamed }: Untaken): void {
  if (word === undefined) return;
  if (isFlag(word)) throw refused(flagSentence(program, command, word), word);
  if (!isNamed) throw noCommand(program, word);
  throw refused(wordSentence(command, word), word);
}

/** A single dash is what some call standard input. */
const isFlag = (word: string): boolean => word.startsWith("-") && word !== "-";

function flagSentence(program: Command, command: Command, word: string): string {
  const [flag = ""] = word.split("=");
  const help = `${program.name()} ${command.name()} --help lists what it takes.`;
  if (isSettingFlag(flag)) return `${command.name()} takes no ${flag}, which is the server's; ${help}`;
  const names = command.options.flatMap(({ long, short }) => [long ?? "", short ?? ""]).filter(Boolean);
  const meant = meantName(flag, names);
  return `There is no flag ${flag}; --help lists them.${meant === undefined ? "" : ` Did you mean ${meant}?`}`;
}

function wordSentence(command: Command, word: string): string {
  const [argument] = command.registeredArguments;
  const shown = JSON.stringify(word);
  if (argument === undefined) return `${command.name()} takes flags alone, and was given ${shown}.`;
  return `${command.name()} takes one ${argument.name()}, and was also given ${shown}; put words that belong together in quotes.`;
}

/**
 * What the parser refused, in our words; nothing for what it only ends with (help, the version).
 *
 * @param name of the command that was given
 */
export function sentenceOf({ code, message }: CommanderError, name: string): string | undefined {
  const [, subject = "", value = ""] = /'([^']*)'[^']*(?:'([\s\S]*)' is invalid)?/.exec(message) ?? [];
  const [flag = "", takes = ""] = subject.replace(/^-\w, /, "").split(" ");
  switch (code) {
    case "commander.help":
    case "commander.helpDisplayed":
    case "commander.version":
      return undefined;
    case "commander.missingArgument":
      return `${name} needs a ${subject}; fooocusd ${name} --help says more.`;
    case "commander.optionMissingArgument":
      return `${flag} needs a value: ${takes}.`;
    case "commander.invalidArgument": {
      const choices = /Allowed choices are (.*)\.$/.exec(message)?.[1];
      return `${flag} cannot be ${JSON.stringify(value)}${choices === undefined ? "" : `; it takes ${choices}`}.`;
    }
    default:
      return message.replace(/^error: /, "");
  }
}

const refused = (message: string, arg: string): EngineError =>
  new EngineError("bad-setting", message, { arg });
