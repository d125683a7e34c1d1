import type { CliCommand } from "../cli-command.ts";

/** The server, which runs until it is told to stop. */
export const serveCommand: CliCommand = {
  name: "serve",
  summary: "runs the server; what is done where no command is named",
  settings: "all",
  isDefault: true,
  shape: () => undefined,
  run: async (given) => (await import("../serve.ts")).serve(given),
};
