import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Found, runStep } from "../../../../scripts/gpu/run-step.ts";
import { isAlive } from "../../../support/process-tree.ts";

const folder = mkdtempSync(join(tmpdir(), "gpu-steps-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program as a step. */
async function run(program: string, limit = 60) {
  const path = join(folder, "program.ts");
  writeFileSync(path, program);
  const heard: Found[] = [];
  const ended = await runStep([process.execPath, path], { limit, cwd: folder, env: {} }, (found) =>
    heard.push(found),
  );
  return { ended, heard, found: heard.at(-1) };
}

test("each line of JSON adds to what is found, a later one of the same name replaces it, and talk is talk", async () => {
  const { ended, heard } = await run(`
    console.log('{"a": 1}'); console.log("a step"); console.log('{"a": 2, "b": [3]}'); console.log("{ no JSON"); console.error('{"c": 1}');`);
  expect(ended).toEqual({ how: "done" });
  expect(heard).toEqual([{ a: 1 }, { a: 2, b: [3] }]);
});

test("a step that crashes keeps what it found, and its last words are told", async () => {
  const { ended, found } = await run(`console.log('{"a": 1}'); throw new Error("no card at all");`);
  expect(found).toEqual({ a: 1 });
  expect(ended.how).toBe("failed");
  expect(ended).toMatchObject({ why: expect.stringContaining("no card at all") });
});

test("a step that is killed from outside has failed, by that signal", async () => {
  const { ended } = await run(`process.kill(process.pid, "SIGSEGV"); await Bun.sleep(60_000);`);
  expect(ended).toMatchObject({ how: "failed", why: expect.stringContaining("SIGSEGV") });
});

test("a step that hangs is ended at its limit with all that it started, and what it found stays", async () => {
  const { ended, found } = await run(
    `const child = Bun.spawn(["sleep", "600"]);
     console.log(JSON.stringify({ child: child.pid })); for (;;) {}`,
    3,
  );
  expect(ended).toMatchObject({ how: "cut off", why: expect.stringContaining("limit of 3 s") });
  const pid = Number(found?.["child"]);
  expect(pid).toBeGreaterThan(0);
  expect(isAlive(pid)).toBe(false);
});
