import { expect, test } from "bun:test";
import { join } from "node:path";
import { cliCommands } from "#/cli/commands.ts";
import { createProgram } from "#/cli/program.ts";
import { ConfigSchema } from "#/config/schema.ts";
import { commandLinePage } from "../../../scripts/generate/cli-docs.ts";

const setting = { invocation: { env: {}, engineCommand: [] }, ended: () => undefined };

test("docs/command-line.md is what the commands say of themselves", async () => {
  const path = join(import.meta.dir, "../../../docs/command-line.md");
  expect(await Bun.file(path).text()).toBe(commandLinePage());
});

test("every command that takes the server's settings takes all of them, whichever its help lists", () => {
  const program = createProgram(setting);
  for (const { name, settings } of cliCommands) {
    const command = program.commands.find((one) => one.name() === name);
    const flags = command?.options.map(({ long }) => long) ?? [];
    const wanted = Object.keys(ConfigSchema.properties).map((key) => `--${key.replaceAll("_", "-")}`);
    const missing = settings === "none" ? [] : wanted.filter((flag) => !flags.includes(flag));
    expect([name, missing]).toEqual([name, []]);
  }
});

test("what is run without a command is the server", () => {
  expect(cliCommands.filter(({ isDefault }) => isDefault === true).map(({ name }) => name)).toEqual([
    "serve",
  ]);
});
