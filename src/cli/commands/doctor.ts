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
    "threads",
    "isolation",
  ],
  shape: (command) => {
    command.option("--json", "prints the findings as JSON");
  },
  run: async (given) => (await import("../doctor/doctor.ts")).doctor(given),
};
