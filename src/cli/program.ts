import { Command, CommanderError } from "commander";
import { refuseWords, takeSettings } from "#/config/flags.ts";
import { settingsHelp } from "#/config/help.ts";
import { version } from "#/lib/version.ts";
import type { CliCommand } from "./cli-command.ts";
import { completeCommand } from "./commands/complete.ts";
import { cliCommands } from "./commands.ts";
import type { Ending, Invocation } from "./invocation.ts";

const programName = "fooocusd";

/** What a command is run with beside its words, and who hears how it ends. */
type Setting = Readonly<{ invocation: Omit<Invocation, "args">; ended: (ending: Ending) => void }>;

/** The program as a tree of commands. */
export function createProgram(setting: Setting, commands = cliCommands): Command {
  const program = new Command(programName)
    .description("an SDXL image server in one binary")
    .version(`${programName} ${version}`, "--version", "says which version this is")
    .helpOption("-h, --help", "says what there is; behind a command, what that one takes")
    .helpCommand(false)
    .showHelpAfterError(`(${programName} --help says what there is)`)
    // Written at once, since the process ends right behind it.
    .configureOutput({ writeOut: (text) => console.log(text.trimEnd()) })
    .exitOverride();
  program.addHelpText("after", `\n${settingsHelp()}`);
  for (const one of commands) add(program, one, setting);
  return program;
}

function add(
  program: Command,
  { name, summary, settings, shape, run, isDefault = false }: CliCommand,
  { invocation, ended }: Setting,
): void {
  const command = program.command(name, { isDefault }).description(summary);
  shape(command);
  const flags =
    settings === "none" ? [] : takeSettings(command, (key) => settings === "all" || settings.includes(key));
  const last = command.registeredArguments.at(-1);
  const most = last?.variadic === true ? Number.POSITIVE_INFINITY : command.registeredArguments.length;
  command.allowUnknownOption().allowExcessArguments();
  command.action(async () => {
    const { args } = command;
    const flag = args.findIndex((word) => word.startsWith("-"));
    refuseWords(args.slice(flag < 0 ? most : Math.min(flag, most)));
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
  if (args[0] === completeCommand.name && !args.includes("--help")) {
    const { printCompletions } = await import("./complete.ts");
    // The library that answers brings a command of that name along.
    const others = cliCommands.filter((one) => one !== completeCommand);
    return printCompletions(createProgram({ invocation, ended }, others), args.slice(1));
  }
  const program = createProgram({ invocation, ended });
  try {
    await program.parseAsync([...args], { from: "user" });
    return ending;
  } catch (thrown) {
    // It has said by itself what was wrong, or what was asked for.
    if (thrown instanceof CommanderError) return thrown.exitCode;
    throw thrown;
  }
}
