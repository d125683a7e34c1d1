import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cliCommands } from "#/cli/commands.ts";
import { version } from "#/lib/version.ts";
import { runBinary } from "../support/run-binary.ts";

setDefaultTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), "fooocusd-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = (...args: readonly string[]) => runBinary(folder, args);

test("--version and --help answer without unpacking anything", async () => {
  expect(await run("--version")).toEqual({ code: 0, out: `fooocusd ${version}\n`, err: "" });
  const help = await run("--help");
  expect(help.code).toBe(0);
  for (const { name } of cliCommands) expect(help.out).toContain(`\n  ${name} `);
  expect(help.out).toContain("--memory-budget");
  expect(existsSync(join(folder, "home/.cache"))).toBe(false);
});

test("what nobody knows is refused with the name that was meant, and nothing is started", async () => {
  const misspelt = "There is no flag --prot; --help lists them. Did you mean --port?\n";
  expect(await run("--prot", "1")).toEqual({ code: 1, out: "", err: misspelt });
  expect(await run("serve", "--prot=1")).toEqual({ code: 1, out: "", err: misspelt });
  const stray = await run("bogus");
  expect([stray.code, stray.err]).toEqual([1, "bogus is neither a command nor a flag; --help lists them.\n"]);
  expect(existsSync(join(folder, "outputs"))).toBe(false);
});

test("bash completes commands, flags and the words of a setting", async () => {
  const script = await run("complete", "bash");
  expect(script.code).toBe(0);
  writeFileSync(join(folder, "completion.bash"), script.out);
  const parsed = Bun.spawnSync(["bash", "-n", join(folder, "completion.bash")]);
  expect(parsed.exitCode).toBe(0);
  expect((await run("complete", "--", "ser")).out).toContain("serve\t");
  expect((await run("complete", "--", "--memory-b")).out).toContain("--memory-budget\t");
  expect((await run("complete", "--", "serve", "--isolation", "")).out).toContain("thread\t\nprocess\t");
  for (const shell of ["zsh", "fish"]) expect((await run("complete", shell)).out).toContain("fooocusd");
  expect((await run("complete", "tcsh")).code).toBe(1);
});

test("models lists the demo's files, their hashes when they are asked for, and what fetches what is missing", async () => {
  const plain = await run("models");
  expect(plain.code).toBe(0);
  expect(plain.out).toMatch(/^checkpoints\/fooocusd-demo\.safetensors +73\.6 MB +-$/m);
  expect(plain.out).toContain("fooocusd pull default");
  expect(plain.out).toContain("fooocusd pull fooocus_inpaint_head.pth inpaint_v26.fooocus.patch");
  const hashed = JSON.parse((await run("models", "--hash", "--json")).out);
  expect(hashed.files[0]).toMatchObject({
    kind: "checkpoints",
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});
