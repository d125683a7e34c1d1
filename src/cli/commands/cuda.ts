import type { CliCommand } from "../cli-command.ts";

/** What of CUDA is there, and adding what is not. */
export const cudaCommand: CliCommand = {
  name: "cuda",
  summary: "says whether NVIDIA's cards can be used and what is missing for it; cuda add adds that",
  settings: ["cuda_libraries"],
  shape: (command) => {
    command
      .argument("[what...]", "nothing, or add and wheels, or folders with wheels")
      .option("--fetch", "with add: fetches the wheels that are missing")
      .option("--index <address>", "with add: the index of Python packages that they are fetched from")
      .option("--verify", "reads all libraries, to see whether they are whole")
      .option("--json", "prints the findings as JSON")
      .addHelpText("after", examples);
  },
  offered: async () => ["add"],
  run: async (given) => (await import("../cuda/cuda.ts")).cuda(given),
};

const examples = `
  fooocusd cuda                       what is there, what is missing, and how to mend it
  fooocusd cuda add --fetch           fetches CUDA's libraries (1.2 GB) and unpacks them (1.6 GB)
  fooocusd cuda add ~/Downloads       takes the wheels that lie there`;
