import { Command, CommanderError } from "commander";
import { takeSettings } from "#/config/flags.ts";
import { settingsHelp } from "#/config/help.ts";
import { EngineError } from "#/lib/errors.ts";
import { version } from "#/lib/version.ts";
import type { CliCommand } from "./cli-command.ts";
import { completeCommand } from "./commands/complete.ts";
import { serveCommand } from "./commands/serve.ts";
import { cliCommands } from "./commands.ts";
import type { Ending, Invocation } from "./invocation.ts";
import { meantArgs } from "./meant-args.ts";
import { refuseUntaken, sentenceOf } from "./refusals.ts";

const programName = "fooocusd";

/** What a command is run with beside its words, and who hears how it ends. */
type Setting = Readonly<{
  invocation: Omit<Invocation, "args">;
  ended: (ending: Ending) => void;
  /** Whether the command line names its command. */
  isNamed?: () => boolean;
}>;

/** The program as a tree of commands. */
export function createProgram(setting: Setting, commands = cliCommands): Command {
  const program = new Command(programName)
    .description("an SDXL image server in one binary")
    .version(`${programName} ${version}`, "--version", "says which version this is")
    .helpOption("-h, --help", "says what there is; behind a command, what that one takes")
    .helpCommand(false)
    // Written at once, since the process ends right behind it; what is wrong is told by whoever catches it.
    .configureOutput({ writeOut: (text) => console.log(text.trimEnd()), writeErr: () => undefined })
    .exitOverride();
  program.addHelpText("after", () => `\n${settingsHelp(widthOf(program))}`);
  for (const one of commands) add(program, one, setting);
  return program;
}

function add(
  program: Command,
  { name, summary, settings, shape, run, isDefault = false }: CliCommand,
  { invocation, ended, isNamed = () => false }: Setting,
): void {
  const command = program.command(name, { isDefault }).description(summary);
  shape(command);
  const flags = settings === "none" ? [] : takeSettings(command, settings);
  const last = command.registeredArguments.at(-1);
  const most = last?.variadic === true ? Number.POSITIVE_INFINITY : command.registeredArguments.length;
  command.allowUnknownOption().allowExcessArguments();
  command.action(async () => {
    const { args } = command;
    const flag = args.findIndex((word) => word.startsWith("-"));
    const words = args.slice(flag < 0 ? most : Math.min(flag, most));
    refuseUntaken({ program, command, words, isNamed: isNamed() });
    ended(await run({ ...invocation, flags, words: args, options: command.opts() }));
  });
}

/**
 * Runs what a command line asks for.
 *
 * @returns the exit code; undefined where the program stays (a server)
 * @throws AppError what could not be done, for whoever started it
 */
export async function runProgram({ args, ...invocation }: Invocation): Promise<Ending> {
  let ending: Ending = 0;
  const ended = (how: Ending): void => {
    ending = how;
  };
  let isNamed = false;
  const setting = { invocation, ended, isNamed: () => isNamed };
  if (args[0] === completeCommand.name && !args.includes("--help")) {
    const { printCompletions } = await import("./complete.ts");
    // The library that answers brings a command of that name along.
    const others = cliCommands.filter((one) => one !== completeCommand);
    return printCompletions(createProgram(setting, others), args.slice(1));
  }
  const program = createProgram(setting);
  const meant = meantArgs(program, args);
  const name = cliCommands.find((one) => one.name === meant[0])?.name;
  isNamed = name !== undefined;
  try {
    await program.parseAsync([...meant], { from: "user" });
    return ending;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    const sentence = sentenceOf(thrown, name ?? serveCommand.name);
    if (sentence === undefined) return 0;
    throw new EngineError("bad-setting", sentence, {}, thrown);
  }
}

/** Columns of the terminal, as the help of the commands takes them. */
const widthOf = (program: Command): number => program.configureOutput().getOutHelpWidth?.() ?? 80;
