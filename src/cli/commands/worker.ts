import type { CliCommand } from "../cli-command.ts";

/** A worker of a fleet, which runs until it is told to stop. */
export const workerCommand: CliCommand = {
  name: "worker",
  summary: "makes pictures for a fleet of servers (docs/scale.md)",
  settings: [
    "fleet",
    "fleet_name",
    "member_name",
    "lease_seconds",
    "models",
    "fooocus",
    "outputs",
    "inputs",
    "engines",
    "providers",
    "passing_seconds",
    "hang_seconds",
    "cuda_libraries",
    "weights",
    "memory_budget",
    "gpu_memory",
    "derived_cache",
    "threads",
    "isolation",
    "disk_reserve",
    "shutdown_seconds",
    "log_level",
    "log_format",
  ],
  shape: () => undefined,
  run: async (given) => (await import("../worker.ts")).worker(given),
};
