import type { CliCommand } from "../cli-command.ts";

/** Takes over what an existing Fooocus or FooocusAPI has. */
export const migrateCommand: CliCommand = {
  name: "migrate",
  summary:
    "takes over the settings, presets, models and history of a Fooocus or FooocusAPI, or its own history into Postgres",
  settings: ["fooocus", "outputs", "inputs", "history"],
  shape: (command) => {
    command
      .option("--fooocusapi <folder>", "the same for a FooocusAPI: its tasks and its API's port, too")
      .option(
        "--sqlite <file>",
        "takes the history in our own db.sqlite3 over into the Postgres that --history names",
      )
      .option("--dry-run", "says what it would do, and does nothing")
      .option("--json", "prints what is said as JSON, at the end")
      .addHelpText("after", examples);
  },
  run: async (given) =>
    given.options["sqlite"] === undefined
      ? (await import("../migrate/migrate.ts")).migrate(given)
      : (await import("../migrate/sqlite-history.ts")).migrateHistory(given),
};

const examples = `
  mkdir pictures && cd pictures
  fooocusd migrate --fooocusapi ~/FooocusAPI --dry-run
  fooocusd migrate --fooocusapi ~/FooocusAPI && fooocusd
  fooocusd migrate --sqlite outputs/db.sqlite3 --history postgres://me@db.example/pictures`;
