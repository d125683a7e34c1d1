import type { Command } from "commander";
import type { CliCommand } from "../cli-command.ts";

/** Pictures without a server. */
export const generateCommand: CliCommand = {
  name: "generate",
  summary: "makes pictures without a server",
  settings: [
    "models",
    "fooocus",
    "preset",
    "always_download",
    "hf_mirror",
    "providers",
    "cuda_libraries",
    "weights",
    "precision",
    "memory_budget",
    "derived_cache",
    "threads",
    "isolation",
    "upscaler",
    "upscale_without_model",
    "noise",
    "allow_private_fetch",
    "disable_metadata",
    "created_by",
    "outputs",
    "log_level",
  ],
  shape: (command: Command) => {
    command
      .argument("<prompt>", "what the picture shows")
      .option("-o, --output <file>", "where the picture is put; several are numbered before their ending")
      .option(
        "--set <field=value>",
        "a field of the request, by its name in docs/fields.md; may be repeated",
        collected,
        [],
      )
      .option("--force", "puts pictures in the place of files that are there")
      .option("--quiet", "says nothing on the way, and shows no picture")
      .addHelpText("after", examples);
  },
  run: async (given) => (await import("../generate/generate.ts")).generate(given),
};

const collected = (value: string, before: readonly string[]): readonly string[] => [...before, value];

const examples = `
  fooocusd generate "a red circle on a blue background" -o circle.png
  fooocusd generate "a lighthouse" --set image_number=4 --set performance_selection=Lightning --set image_seed=7`;
