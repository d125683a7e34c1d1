import type { CliCommand } from "../cli-command.ts";

/** Looks at the machine and the settings, and says what is wrong and how to mend it. */
export const doctorCommand: CliCommand = {
  name: "doctor",
  summary: "looks whether everything the server needs is there and works, and says how to mend what does not",
  settings: [
    "host",
    "port",
    "also_port",
    "models",
    "outputs",
    "inputs",
    "fooocus",
    "providers",
    "cuda_libraries",
    "gpu_memory",
    "threads",
    "isolation",
  ],
  shape: (command) => {
    command
      .option("--json", "prints the findings as JSON")
      .option(
        "--card <gigabytes>",
        "says what runs how on a card of this memory, whether one is there or not",
      );
  },
  run: async (given) => (await import("../doctor/doctor.ts")).doctor(given),
};
