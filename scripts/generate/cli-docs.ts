import { createProgram } from "#/cli/program.ts";
import { commandNotes, libraryNotes, openingNotes } from "./cli-notes.ts";

/** Columns of a terminal that the texts are set for. */
const columns = 100;

/** The text of docs/command-line.md; a test compares the file with it. */
export function commandLinePage(): string {
  const setting = { invocation: { env: {}, engineCommand: [] }, ended: () => undefined };
  const program = createProgram(setting);
  const sections = program.commands.map((command) => {
    command.configureHelp({ helpWidth: columns });
    const note = commandNotes[command.name()];
    if (note === undefined)
      throw new Error(`scripts/generate/cli-notes.ts says nothing of ${command.name()}`);
    // All settings are in docs/configuration.md.
    const help = command.name() === "serve" ? "" : `\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`;
    return `## ${command.name()}\n\n${note.trim()}\n${help}`;
  });
  return `${openingNotes.trim()}\n\n${sections.join("\n")}\n${libraryNotes.trim()}\n`;
}

/** What `--help` prints, with the texts behind it. */
function helpOf(command: ReturnType<typeof createProgram>): string {
  const written: string[] = [];
  command.configureOutput({ writeOut: (text) => written.push(text), getOutHelpWidth: () => columns });
  command.outputHelp();
  return written.join("").trim();
}

if (import.meta.main)
  await Bun.write(new URL("../../docs/command-line.md", import.meta.url), commandLinePage());
