import type { CliCommand } from "../cli-command.ts";

/** Who is in a fleet, and a word to one of its workers; without a head. */
export const fleetCommand: CliCommand = {
  name: "fleet",
  summary: "lists the heads and workers of a fleet, or tells a worker something",
  settings: ["fleet", "fleet_name"],
  shape: (command) => {
    command
      .argument("[action]", "pause, resume, drain or remove; none lists")
      .argument("[worker]", "which worker is told")
      .option("--json", "lists as JSON");
  },
  run: async (given) => (await import("../fleet.ts")).fleet(given),
};
