import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { EngineError } from "#/lib/errors.ts";
import { bashCompletion } from "./bash-completion.ts";
import { cliCommands } from "./commands.ts";
import type { Ending } from "./invocation.ts";

const shells = ["bash", "zsh", "fish", "powershell"];

/**
 * Answers a shell: `complete bash` prints the script that makes it ask, `complete -- <words>` what may follow these words.
 *
 * @param program all commands, which were not parsed
 * @throws EngineError `bad-setting` for a shell that is none
 */
export async function printCompletions(
  program: Command,
  [first = "", ...words]: readonly string[],
): Promise<Ending> {
  for (const { name, offered } of cliCommands) {
    const argument = program.commands.find((one) => one.name() === name)?.registeredArguments[0];
    // Offered, and not held to: whoever reads the words refuses those that are wrong.
    if (argument !== undefined && offered !== undefined && words.includes(name))
      argument.argChoices = [...(await offered())];
  }
  const completions = tab(program);
  // Its settings may be said without its name.
  const served = completions.commands.get("serve");
  for (const [name, option] of served?.options ?? []) completions.options.set(name, option);
  if (first === "--") {
    completions.parse(words);
    return 0;
  }
  if (!shells.includes(first)) {
    const message = `complete prints for a shell: ${shells.join(", ")}; not for ${JSON.stringify(first)}.`;
    throw new EngineError("bad-setting", message, { shell: first });
  }
  if (first === "bash") {
    console.log(bashCompletion(program.name()));
    return 0;
  }
  completions.setup(program.name(), program.name(), first);
  return 0;
}
