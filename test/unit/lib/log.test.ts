import { expect, test } from "bun:test";
import { createLog } from "#/lib/log.ts";

function recorder() {
  const lines: string[] = [];
  return { lines, sink: { write: (line: string) => lines.push(line), now: () => new Date(0) } };
}

test("a line holds time, level, sentence and facts", () => {
  const { lines, sink } = recorder();
  createLog("info", sink).info("loaded a model", { name: "a.safetensors", seconds: 1.5, gone: undefined });
  expect(lines).toEqual(["1970-01-01T00:00:00.000Z info  loaded a model name=a.safetensors seconds=1.5"]);
});

test("lines below the level are not written", () => {
  const { lines, sink } = recorder();
  const log = createLog("warn", sink);
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  expect(lines.map((line) => line.split(" ").at(-1))).toEqual(["c", "d"]);
});

test("a value cannot forge a second line or a second fact", () => {
  const { lines, sink } = recorder();
  createLog("info", sink).info("asked", { prompt: 'x\n1970 error "no" level=error' });
  expect(lines).toEqual([
    '1970-01-01T00:00:00.000Z info  asked prompt="x\\n1970 error \\"no\\" level=error"',
  ]);
});
