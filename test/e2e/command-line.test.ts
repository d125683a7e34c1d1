import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
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

test("generate writes pictures without a server, and nothing else; what cannot be read is refused by its field", async () => {
  const own = mkdtempSync(join(folder, "generate-"));
  const small = ["overwrite_width=256", "overwrite_height=256", "overwrite_step=2", "image_seed=7"];
  const sets = [...small, "image_number=2"].flatMap((set) => ["--set", set]);
  const ran = await runBinary(own, ["generate", "a red circle", "-o", "circle.png", ...sets]);
  expect([ran.code, ran.out]).toEqual([0, "circle-1.png\ncircle-2.png\n"]);
  expect(readdirSync(own).toSorted()).toEqual(["circle-1.png", "circle-2.png", "home"]);
  expect(await sharp(join(own, "circle-2.png")).metadata()).toMatchObject({ format: "png", width: 256 });
  const misspelt = await runBinary(own, ["generate", "x", "--set", "image_sed=1"]);
  expect([misspelt.code, misspelt.err]).toEqual([1, expect.stringContaining("no field image_sed")]);
  const wrong = await runBinary(own, ["generate", "x", "--set", "image_number=many"]);
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("image_number")]);
});

test("doctor draws a small picture, leaves nothing, and ends with 1 where something is broken", async () => {
  const own = mkdtempSync(join(folder, "doctor-"));
  const well = await runBinary(own, ["doctor", "--port", "0"]);
  expect(well.out).toContain("a small picture was drawn");
  expect([well.code, readdirSync(own)]).toEqual([0, ["home"]]);
  writeFileSync(join(own, "file"), "");
  const broken = await runBinary(own, ["doctor", "--port", "0", "--outputs", "file/below", "--json"]);
  expect(broken.code).toBe(1);
  expect(JSON.parse(broken.out)).toContainEqual(
    expect.objectContaining({ what: "outputs", level: "fault", mend: expect.stringContaining("--outputs") }),
  );
});
