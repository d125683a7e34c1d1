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

test("as JSON a line is one object with level, time, part, facts and sentence", () => {
  const { lines, sink } = recorder();
  createLog("info", { ...sink, format: "json", part: "engine", about: () => ({ task: "7" }) }).warn("slow", {
    seconds: 1.5,
    gone: undefined,
    none: null,
    on: true,
  });
  expect(lines).toEqual([
    '{"level":"warn","time":"1970-01-01T00:00:00.000Z","part":"engine","task":"7","seconds":1.5,"none":null,"on":true,"msg":"slow"}',
  ]);
});

test("facts of every line are asked for when it is written, and those that are not there are left out", () => {
  const { lines, sink } = recorder();
  const tasks: string[] = [];
  const log = createLog("info", { ...sink, about: () => ({ task: tasks[0] }) });
  log.info("a");
  tasks.push("7");
  log.info("b", { of: 2 });
  expect(lines.map((line) => line.slice(25))).toEqual(["info  a", "info  b task=7 of=2"]);
});

/** Ends of line as terminals, editors and collectors see them, C0 and C1 with escape sequences in both, changes of direction. */
const steering = "a\nb\rc\u0085d\u2028e\u2029f\u001b[2Jg\u009b2Jh\u202ei\u0000j\u007fk";
const acts = /[\p{Cc}\u2028\u2029\u202a-\u202e]/u;

for (const format of ["text", "json"] as const)
  test(`no text within a line ends it or steers a terminal: ${format}`, () => {
    const { lines, sink } = recorder();
    const log = createLog("info", { ...sink, format });
    log.info(steering, { name: steering });
    log.info(`${steering} %s %d %o`, { name: "%j" });
    expect(lines.length).toBe(2);
    for (const line of lines) expect(line).not.toMatch(acts);
    if (format === "json")
      expect(JSON.parse(lines[0] ?? "")).toMatchObject({ msg: steering, name: steering });
    expect(lines[1]).toContain("%s %d %o");
  });
