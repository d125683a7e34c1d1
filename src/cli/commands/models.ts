import type { CliCommand } from "../cli-command.ts";

/** What lies in the model folders, and what could. */
export const modelsCommand: CliCommand = {
  name: "models",
  summary: "lists model files, and which features lack theirs",
  settings: ["models", "fooocus", "outputs", "preset"],
  shape: (command) => {
    command
      .option("--hash", "computes the SHA-256 of files that have none yet, too")
      .option("--json", "prints the same as JSON");
  },
  run: async (given) => (await import("../models.ts")).models(given),
};
