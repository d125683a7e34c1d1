import { expect, test } from "bun:test";
import { join } from "node:path";
import { cliCommands } from "#/cli/commands.ts";
import { meantArgs } from "#/cli/meant-args.ts";
import { createProgram, runProgram } from "#/cli/program.ts";
import { settingsHelp } from "#/config/help.ts";
import { ConfigSchema } from "#/config/schema.ts";
import { EngineError } from "#/lib/errors.ts";
import { commandLinePage } from "../../../scripts/generate/cli-docs.ts";

const invocation = { env: {}, engineCommand: [] };
const setting = { invocation, ended: () => undefined };

test("docs/command-line.md is what the commands say of themselves", async () => {
  const path = join(import.meta.dir, "../../../docs/command-line.md");
  expect(await Bun.file(path).text()).toBe(commandLinePage());
});

test("a command takes the settings that its help lists, and no other", () => {
  const program = createProgram(setting);
  const all = Object.keys(ConfigSchema.properties);
  for (const { name, settings } of cliCommands) {
    const command = program.commands.find((one) => one.name() === name);
    const flags = command?.options.filter(({ hidden }) => !hidden).map(({ long }) => long) ?? [];
    const taken = all.filter((key) => flags.includes(`--${key.replaceAll("_", "-")}`));
    const wanted = settings === "all" ? all : settings === "none" ? [] : settings;
    expect([name, taken.toSorted()]).toEqual([name, [...wanted].toSorted()]);
  }
});

test("what cannot be meant is refused in one style, with the way out", async () => {
  const kinds = "checkpoints, loras, vae";
  const refusals: readonly (readonly [readonly string[], string])[] = [
    [["generat", "x"], "There is no command generat; fooocusd --help lists them. Did you mean generate?"],
    [["heplp"], "There is no command heplp; fooocusd --help lists them. Did you mean help?"],
    [["help", "bogus"], "There is no command bogus; fooocusd --help lists them."],
    [[""], 'There is no command ""; fooocusd --help lists them.'],
    [["--port", "1", "bogus"], "There is no command bogus;"],
    [["generate"], "generate needs a prompt; fooocusd generate --help says more."],
    [["generate", "a", "red", "circle"], 'generate takes one prompt, and was also given "red"; put words'],
    [["doctor", "x"], 'doctor takes flags alone, and was given "x".'],
    [["serve", "x"], 'serve takes flags alone, and was given "x".'],
    [["generate", "x", "--quite"], "There is no flag --quite; --help lists them. Did you mean --quiet?"],
    [
      ["generate", "x", "--port", "1"],
      "generate takes no --port, which is the server's; fooocusd generate --help",
    ],
    [["--port", "1", "generate", "x"], "generate takes no --port, which is the server's"],
    [["models", "--nowebui"], "models takes no --nowebui, which is the server's"],
    [["-x"], "There is no flag -x; --help lists them."],
    [["--port"], "--port needs a value: it takes a whole number from 0 to 65535."],
    [["generate", "x", "--set"], "--set needs a value: <field=value>."],
    [["pull", "--kind", "bogus", "x"], `--kind cannot be "bogus"; it takes ${kinds}`],
    [["complete", "tcsh"], "complete prints for a shell: bash, zsh, fish, powershell"],
  ];
  for (const [args, sentence] of refusals) {
    const refused = await runProgram({ ...invocation, args }).catch((thrown: unknown) => thrown);
    const said = refused instanceof EngineError ? refused.message : refused;
    expect([args, said]).toEqual([args, expect.stringContaining(sentence)]);
  }
});

test("a command may stand behind its flags, and help and version have the names that people try", () => {
  const meant = (...args: readonly string[]) => meantArgs(createProgram(setting), args);
  expect(meant("--quiet", "generate", "x")).toEqual(["generate", "--quiet", "x"]);
  expect(meant("--models", "/m", "models")).toEqual(["models", "--models", "/m"]);
  expect(meant("--persistent", "serve")).toEqual(["serve", "--persistent"]);
  expect(meant("--preset=anime", "serve")).toEqual(["serve", "--preset=anime"]);
  // What stands behind such a flag is its value, whatever it is called.
  expect(meant("--preset", "generate")).toEqual(["--preset", "generate"]);
  expect(meant("--", "generate")).toEqual(["--", "generate"]);
  for (const args of [["-v"], ["-V"], ["version"]]) expect(meant(...args)).toEqual(["--version"]);
  for (const args of [["help"], ["help", "help"], ["help", "--x"]])
    expect(meant(...args)).toEqual(["--help"]);
  expect(meant("help", "pull")).toEqual(["pull", "--help"]);
});

test("the help of the settings keeps to the width of the terminal", () => {
  for (const width of [60, 80, 120]) {
    const long = settingsHelp(width)
      .split("\n")
      .filter((line) => line.length > width);
    expect([width, long]).toEqual([width, []]);
  }
});

test("what is run without a command is the server", () => {
  expect(cliCommands.filter(({ isDefault }) => isDefault === true).map(({ name }) => name)).toEqual([
    "serve",
  ]);
});
