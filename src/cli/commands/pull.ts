import { modelKinds } from "#/catalog/find-model.ts";
import type { CliCommand } from "../cli-command.ts";

/** Fetches model files into the first model folder. */
export const pullCommand: CliCommand = {
  name: "pull",
  summary: "fetches model files: those of a preset, by their names, or from an address",
  settings: ["models", "fooocus", "hf_mirror"],
  shape: (command) => {
    command
      .argument("[what...]", "presets, names of files, or addresses (http, https)")
      .addOption(
        command
          .createOption("--kind <kind>", "folder of a file that is fetched from an address")
          .choices([...modelKinds]),
      )
      .option("--as <name>", "name of a file that is fetched from an address")
      .option("--sha256 <hash>", "what the file of an address must be")
      .option("--list", "lists the files whose addresses are known, and fetches nothing")
      .addHelpText("after", examples);
  },
  offered: async () => (await import("../pull/offered.ts")).offered(),
  run: async (given) => (await import("../pull/pull.ts")).pull(given),
};

const examples = `
  fooocusd pull default                          all files of a preset
  fooocusd pull fooocus_upscaler_s409985e5.bin   a file, by its name
  fooocusd pull --kind loras https://example.org/my.safetensors`;
