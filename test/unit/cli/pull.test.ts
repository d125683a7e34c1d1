import { afterAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pull } from "#/cli/pull/pull.ts";
import { shownAddress } from "#/outgoing/download/shown-address.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-pull-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const models = join(folder, "models");
const there = join(models, "loras", "my.safetensors");
mkdirSync(join(models, "loras"), { recursive: true });
writeFileSync(there, "what is there");
const own = createHash("sha256").update("what is there").digest("hex");

/** Nobody listens there: what is there already is not asked for. */
const pulled = (sha256: string) =>
  pull({
    flags: [{ flag: "--models", value: models }],
    env: {},
    engineCommand: [],
    words: ["http://127.0.0.1:9/my.safetensors"],
    options: { kind: "loras", sha256 },
  });

test("what is there is compared with the hash that was said, and left as it is", async () => {
  expect(await pulled(own)).toBe(0);
  expect(await pulled("0".repeat(64))).toBe(1);
  expect(readFileSync(there, "utf8")).toBe("what is there");
});

test("an address is shown without its keys, whatever it is an address of", () => {
  expect(shownAddress("https://me:secret@example.com/a?key=1")).toBe("https://example.com/a");
  expect(shownAddress("file:///somewhere/a")).toBe("file:///somewhere/a");
});
