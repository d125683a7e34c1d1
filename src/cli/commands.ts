import type { CliCommand } from "./cli-command.ts";
import { completeCommand } from "./commands/complete.ts";
import { cudaCommand } from "./commands/cuda.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { fleetCommand } from "./commands/fleet.ts";
import { generateCommand } from "./commands/generate.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { modelsCommand } from "./commands/models.ts";
import { pullCommand } from "./commands/pull.ts";
import { serveCommand } from "./commands/serve.ts";
import { workerCommand } from "./commands/worker.ts";

/** The table of commands, in the order of `--help`. */
export const cliCommands: readonly CliCommand[] = [
  serveCommand,
  workerCommand,
  fleetCommand,
  generateCommand,
  pullCommand,
  modelsCommand,
  migrateCommand,
  cudaCommand,
  doctorCommand,
  completeCommand,
];
