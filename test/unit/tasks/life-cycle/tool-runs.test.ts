import { expect, test } from "bun:test";
import { EngineError } from "#/lib/errors.ts";
import { ToolRuns } from "#/tasks/life-cycle/tool-runs.ts";
import { gate, ScriptedEngine } from "../../../support/scripted-engine.ts";

const tool = { tool: "mask", making: { by: "matte", model: "u2net" } } as const;
const picture = { width: 2, height: 1, data: new Uint8Array(6) };
const patient = () => new AbortController().signal;

/** Lends an engine to whatever waits next. */
const lend = (runs: ToolRuns, engine: ScriptedEngine) => runs.take()?.(engine);

test("whoever asks is answered by the engine that it is lent, which is fit for more then", async () => {
  const runs = new ToolRuns(2);
  const waiting: boolean[] = [];
  runs.onWaiting(() => waiting.push(runs.isWaiting));
  const answer = runs.ask(tool, picture, patient());
  expect([waiting, await lend(runs, new ScriptedEngine()), runs.take()]).toEqual([[true], "idle", undefined]);
  const mask = { width: 2, height: 1, channels: 1, data: new Uint8Array([255, 255]) } as const;
  expect(await answer).toEqual({ tool: "mask", mask, found: 1 });
});

test("what the engine fails at is thrown as what it was, and one that died is broken", async () => {
  const runs = new ToolRuns(2);
  for (const [code, end] of [
    ["out-of-memory", "idle"],
    ["worker-died", "broken"],
  ] as const) {
    const engine = new ScriptedEngine({
      beforeAnswer: () => {
        throw new EngineError(code, "no", { needed: 3 });
      },
    });
    const answer = runs.ask(tool, picture, patient()).catch((thrown: unknown) => thrown);
    expect(await lend(runs, engine)).toBe(end);
    expect(await answer).toBeInstanceOf(EngineError);
    expect(await answer).toMatchObject({ code, message: "no", details: { needed: 3 } });
  }
});

test("a question too many is refused, and one that nobody waits for leaves room", async () => {
  const runs = new ToolRuns(1);
  const impatient = new AbortController();
  const first = runs.ask(tool, picture, impatient.signal).catch((thrown: unknown) => thrown);
  expect(runs.ask(tool, picture, patient())).rejects.toMatchObject({ code: "queue-full" });
  impatient.abort();
  expect(await first).toMatchObject({ code: "interrupted" });
  const next = runs.ask(tool, picture, patient());
  await lend(runs, new ScriptedEngine());
  expect(await next).toMatchObject({ found: 1 });
});

test("one that left while the engine worked asks it to stop, and leaves it fit", async () => {
  const runs = new ToolRuns(1);
  const [held, impatient] = [gate(), new AbortController()];
  const engine = new ScriptedEngine({ beforeAnswer: () => held.passed });
  const answer = runs.ask(tool, picture, impatient.signal).catch((thrown: unknown) => thrown);
  const lent = lend(runs, engine);
  impatient.abort();
  expect(await answer).toMatchObject({ code: "interrupted" });
  held.open();
  expect(await lent).toBe("idle");
});

test("a server that ends lets nobody wait, and takes nothing more", async () => {
  const runs = new ToolRuns(3);
  const waiting = runs.ask(tool, picture, patient()).catch((thrown: unknown) => thrown);
  runs.close();
  expect(await waiting).toMatchObject({ code: "interrupted" });
  expect(runs.ask(tool, picture, patient())).rejects.toMatchObject({ code: "interrupted" });
  expect(runs.isWaiting).toBe(false);
});

test("a question whose engine cannot be opened is answered by another", async () => {
  const runs = new ToolRuns(1);
  const bad = new ScriptedEngine({
    beforeAnswer: () => {
      throw new EngineError("provider-missing", "There is no such device.");
    },
  });
  bad.change({ ...bad.state, state: "failed" });
  const answer = runs.ask(tool, picture, patient());
  expect(await runs.take((engine) => engine === bad)?.(bad)).toBe("broken");
  expect(runs.isWaiting).toBe(true);
  expect(await lend(runs, new ScriptedEngine())).toBe("idle");
  expect(await answer).toMatchObject({ found: 1 });
});
