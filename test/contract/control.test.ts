import { expect, test } from "bun:test";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

/** A server whose tasks take long over their first picture. */
async function slowBench() {
  const engine = new ScriptedEngine({ beforeStep: ({ image }) => (image === 0 ? Bun.sleep(20) : undefined) });
  const bench = await serveBench({ engine });
  const control = async (query: string) =>
    (await fetch(`${bench.url}/v1/engine/control${query}`, { method: "POST" })).text();
  const submit = async (more: object = {}): Promise<string> => {
    const body = JSON.stringify({
      ...small,
      image_seed: 7,
      overwrite_step: 200,
      async_process: true,
      ...more,
    });
    return (await (await fetch(`${bench.url}/v1/engine/generate/`, { method: "POST", body })).json()).task_id;
  };
  const sampling = (step: number) => () => {
    const state = bench.tasks.current()?.state;
    return state?.status === "running" && state.progress.step >= step;
  };
  const ended = async (id: string) => (await fetch(`${bench.url}/tasks/${id}?wait=60`)).json();
  return { bench, control, submit, sampling, ended };
}

test("the words, with nothing running; a word that is none is said first", async () => {
  const { bench, control } = await slowBench();
  await using _ = bench;
  expect(await control("?action=stop")).toBe('{"message":"No task running"}');
  expect(await control("?action=skip")).toBe('{"message":"No task running"}');
  for (const word of ["STOP", "", "pause"])
    expect(await control(`?action=${word}`)).toBe('{"message":"Invalid control action"}');
  expect(await control("")).toBe(
    '{"detail":[{"type":"missing","loc":["query","action"],"msg":"Field required","input":null}]}',
  );
});

test("stop ends the running task after its step and keeps what was saved; the next one runs", async () => {
  const { bench, control, submit, sampling, ended } = await slowBench();
  await using _ = bench;
  const [first, second] = [await submit(), await submit({ overwrite_step: 1 })];
  expect(await soon(sampling(2))).toBe(true);
  expect(await control("?action=stop")).toBe(`{"message":"task stoped","task_id":"${first}"}`);
  expect(await ended(first)).toMatchObject({ task_status: "stop", result: [] });
  expect(await ended(second)).toMatchObject({ task_status: "finished" });
});

test("skip leaves one picture out and goes on", async () => {
  const { bench, control, submit, sampling, ended } = await slowBench();
  await using _ = bench;
  const id = await submit({ image_number: 2 });
  expect(await soon(sampling(2))).toBe(true);
  expect(await control("?action=skip")).toBe(`{"message":"task skiped","task_id":"${id}"}`);
  const record = await ended(id);
  expect(record.task_status).toBe("finished");
  expect(record.result).toHaveLength(1);
});

test("with a task's id no other one is hit, and a waiting one is cancelled", async () => {
  const { bench, control, submit, sampling, ended } = await slowBench();
  await using _ = bench;
  const [first, second] = [await submit(), await submit()];
  expect(await soon(sampling(1))).toBe(true);
  expect(await control("?action=stop&task_id=nothing")).toBe('{"message":"No task running"}');
  expect(await control(`?action=stop&task_id=${second}`)).toBe(
    `{"message":"task stoped","task_id":"${second}"}`,
  );
  expect(await ended(second)).toMatchObject({ task_status: "cancelled" });
  expect(bench.tasks.current()?.id as string).toBe(first);
  await control(`?action=stop&task_id=${first}`);
  expect(await ended(first)).toMatchObject({ task_status: "stop" });
});
