import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { cliCommands } from "#/cli/commands.ts";
import { version } from "#/lib/version.ts";
import { binary } from "../support/binary.ts";
import { runBinary } from "../support/run-binary.ts";

setDefaultTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), "fooocusd-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = (...args: readonly string[]) => runBinary(folder, args);

test("--version and --help answer without unpacking anything", async () => {
  for (const asked of ["--version", "-v", "-V"])
    expect(await run(asked)).toEqual({ code: 0, out: `fooocusd ${version}\n`, err: "" });
  const help = await run("--help");
  expect(help.code).toBe(0);
  for (const { name } of cliCommands) expect(help.out).toContain(`\n  ${name} `);
  expect(help.out).toContain("--memory-budget");
  expect(help.out.split("\n").filter((line) => line.length > 80)).toEqual([]);
  expect(await run("help")).toEqual(help);
  expect(await run("help", "pull")).toEqual(await run("pull", "--help"));
  expect(existsSync(join(folder, "home/.cache"))).toBe(false);
});

test("what nobody knows is refused with the name that was meant, and nothing is started", async () => {
  const misspelt = "There is no flag --prot; --help lists them. Did you mean --port?\n";
  expect(await run("--prot", "1")).toEqual({ code: 1, out: "", err: misspelt });
  expect(await run("serve", "--prot=1")).toEqual({ code: 1, out: "", err: misspelt });
  const stray = await run("bogus");
  expect([stray.code, stray.err]).toEqual([1, "There is no command bogus; fooocusd --help lists them.\n"]);
  expect(existsSync(join(folder, "outputs"))).toBe(false);
});

test("bash completes commands, flags and the words of a setting", async () => {
  const script = await run("complete", "bash");
  expect(script.code).toBe(0);
  writeFileSync(join(folder, "completion.bash"), script.out);
  // Twice, and with nothing of the package bash-completion; what is on the line is not run.
  const questions = [
    ["ser"],
    ["serve", "--isolation", "=", "th"],
    ["serve", "--isolation", "=", ""],
    ["serve", "--isolation", ""],
    ["generate", '"$(touch run)', ""],
    ["pull", "def"],
  ];
  const lines = questions.map(
    (words) =>
      `COMP_WORDS=(${[binary, ...words].map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; _fooocusd; echo "\${COMPREPLY[*]-}"`,
  );
  const asking = ["set -eu", "source completion.bash", "source completion.bash", ...lines].join("\n");
  const asked = Bun.spawnSync(["bash", "--norc", "-c", asking], {
    cwd: folder,
    env: { HOME: join(folder, "home"), PATH: "/usr/bin:/bin" },
  });
  expect([asked.stderr.toString(), asked.stdout.toString().split("\n")]).toEqual([
    "",
    ["serve", "thread", "thread process", "thread process", "", "default", ""],
  ]);
  expect(existsSync(join(folder, "run"))).toBe(false);
  expect((await run("complete", "--", "ser")).out).toContain("serve\t");
  expect((await run("complete", "--", "--memory-b")).out).toContain("--memory-budget\t");
  expect((await run("complete", "--", "serve", "--isolation", "")).out).toContain("thread\t\nprocess\t");
  for (const shell of ["zsh", "fish"]) expect((await run("complete", shell)).out).toContain("fooocusd");
  expect((await run("complete", "tcsh")).code).toBe(1);
});

test.skipIf(Bun.which("fish") === null)(
  "fish completes by its script, read twice, where it is installed",
  async () => {
    writeFileSync(join(folder, "completion.fish"), (await run("complete", "fish")).out);
    const asking =
      'source completion.fish; source completion.fish; complete -C"fooocusd ser"; complete -C"fooocusd serve --isolation th"';
    const asked = Bun.spawnSync(["fish", "--no-config", "-c", asking], {
      cwd: folder,
      env: { ...process.env, HOME: join(folder, "home"), PATH: `${dirname(binary)}:${process.env["PATH"]}` },
    });
    const [command = "", ...values] = asked.stdout.toString().trim().split("\n");
    expect([command.startsWith("serve\t"), values.map((value) => value.trim())]).toEqual([true, ["thread"]]);
  },
);

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
  const there = await runBinary(own, ["generate", "a red circle", "-o", "circle.png", ...sets]);
  expect([there.code, there.err]).toEqual([1, expect.stringContaining("circle-1.png is there already")]);
  const forced = await runBinary(own, ["generate", "a red circle", "-o", "circle.png", "--force", ...sets]);
  expect([forced.code, forced.out]).toEqual([0, "circle-1.png\ncircle-2.png\n"]);
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

test("doctor says each thing as it finds it; a signal ends commands with its own code, and nothing stays behind", async () => {
  const own = mkdtempSync(join(folder, "signals-"));
  const start = (...args: readonly string[]) =>
    Bun.spawn([binary, ...args], {
      cwd: own,
      env: { HOME: join(folder, "home"), PATH: "/usr/bin:/bin", TMPDIR: own },
      stdout: "pipe",
      stderr: "pipe",
    });
  const isWorking = () => readdirSync(own).some((name) => name.startsWith("fooocusd-"));
  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const) {
    const doctor = start("doctor", "--port", "0");
    let said = "";
    for await (const bytes of doctor.stdout) {
      said += new TextDecoder().decode(bytes);
      if (/models/.test(said)) break;
    }
    expect(said).not.toContain("self-test");
    doctor.kill(signal);
    expect(await doctor.exited).toBe(code);
    expect(isWorking()).toBe(false);
  }
  const long = ["--set", "overwrite_step=60", "--set", "image_number=20"];
  const once = start("generate", "a star", ...long);
  while (!isWorking()) await Bun.sleep(20);
  once.kill("SIGTERM");
  expect(await once.exited).toBe(143);
  const twice = start("generate", "a star", ...long);
  while (!isWorking()) await Bun.sleep(20);
  twice.kill("SIGINT");
  twice.kill("SIGINT");
  expect(await twice.exited).toBe(130);
  expect(isWorking()).toBe(false);
});

test("a busy port is called that, by the server and by doctor, with the way out", async () => {
  const own = mkdtempSync(join(folder, "busy-"));
  const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const flags = ["--port", `${other.port}`, "--also-port", "0"];
  const busy = `127.0.0.1:${other.port} is busy: another program listens there (ss -ltnp shows which)`;
  const served = await runBinary(own, flags);
  expect([served.code, served.err]).toEqual([
    1,
    expect.stringContaining(`${busy}. Stop that one, or name another port with --port`),
  ]);
  const looked = await runBinary(own, ["doctor", ...flags, "--json"]);
  other.stop(true);
  expect(JSON.parse(looked.out)).toContainEqual(expect.objectContaining({ level: "weak", found: busy }));
});
