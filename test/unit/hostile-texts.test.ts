import { expect, test } from "bun:test";
import { join } from "node:path";

const program = join(import.meta.dir, "../support/hostile-child.ts");

// Read in one pass they take seconds on any machine; read anew from each letter, the least of them takes minutes. Such a
// search can only be ended from outside, so it runs in a process of its own.
test("no text is read anew from each of its letters", () => {
  const { stdout } = Bun.spawnSync([process.execPath, "run", program], { timeout: 110_000 });
  expect(stdout.toString().trim().split("\n").at(-1)).toBe("done");
}, 120_000);
