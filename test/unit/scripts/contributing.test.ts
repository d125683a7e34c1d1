import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
const read = (name: string) => readFileSync(join(root, name), "utf8");
const folder = mkdtempSync(join(tmpdir(), "fooocusd-contributing-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Whatever documents ask their readers to type, beginning with `npm`. */
const commands = [
  "README.md",
  "CONTRIBUTING.md",
  "docs/performance.md",
  "docs/deployment.md",
  "docs/models.md",
]
  .flatMap((name) => [...read(name).matchAll(/`(npm (?:test|start|run) ?[^`]*)`/g)])
  .map(([, command = ""]) => command);

test("every npm command of the documents is a script, and the files it names are there", () => {
  const { scripts }: Readonly<{ scripts: Readonly<Record<string, string>> }> = JSON.parse(
    read("package.json"),
  );
  expect(commands.length).toBeGreaterThan(8);
  for (const command of commands) {
    const [script = "", ...words] = command.replace(/^npm (?:run )?/, "").split(" ");
    expect([command, Object.keys(scripts)]).toEqual([command, expect.arrayContaining([script])]);
    for (const file of words.filter((word) => /^(?:scripts|test)\/(?!.*X$)/.test(word)))
      expect([command, existsSync(join(root, file))]).toEqual([command, true]);
  }
});

const single = commands.find((command) => command.startsWith("npm test -- ")) ?? "";
const [npm, node] = [Bun.which("npm"), Bun.which("node")];

test.skipIf(npm === null || node === null)(
  `${single} runs with nothing but Node and npm on the machine`,
  () => {
    // A folder of programs without Bun: one that is found by its name would hide that npm's is not.
    for (const [name, program] of Object.entries({ npm, node, sh: Bun.which("sh"), env: Bun.which("env") }))
      symlinkSync(program ?? "", join(folder, name));
    const { exitCode, stdout } = Bun.spawnSync([npm ?? "", ...single.split(" ").slice(1)], {
      cwd: root,
      env: { PATH: folder, HOME: folder },
      stderr: "ignore",
    });
    expect(stdout.toString()).toMatch(/\n[1-9]\d* passed, 0 failed, 0 skipped\n$/);
    expect(exitCode).toBe(0);
  },
);
