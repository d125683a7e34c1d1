import type { CliCommand } from "../cli-command.ts";

/** Takes over what an existing Fooocus or FooocusAPI has. */
export const migrateCommand: CliCommand = {
  name: "migrate",
  summary: "takes over the settings, presets, models and history of a Fooocus or FooocusAPI",
  settings: ["fooocus", "outputs", "inputs"],
  shape: (command) => {
    command
      .option("--fooocusapi <folder>", "the same for a FooocusAPI: its tasks and its API's port, too")
      .option("--dry-run", "says what it would do, and does nothing")
      .option("--json", "prints what is said as JSON, at the end")
      .addHelpText("after", examples);
  },
  run: async (given) => (await import("../migrate/migrate.ts")).migrate(given),
};

const examples = `
  mkdir pictures && cd pictures
  fooocusd migrate --fooocusapi ~/FooocusAPI --dry-run
  fooocusd migrate --fooocusapi ~/FooocusAPI && fooocusd`;
