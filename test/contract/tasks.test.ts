import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TaskId } from "#/lib/task-id.ts";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { serveBench, soon } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

let release = Promise.withResolvers<void>();
const engine = new ScriptedEngine({ beforeStep: ({ step }) => (step === 2 ? release.promise : undefined) });
const bench = await serveBench({ engine });
afterAll(async () => {
  release.resolve();
  await bench.close();
});

const get = (query: string) => fetch(`${bench.url}/tasks${query}`);
const lists = async (query: string) => (await get(query)).json();
const ids = async (query: string): Promise<readonly string[]> =>
  (await lists(query)).history.map(({ task_id }: { task_id: string }) => task_id);

/** A settled task of a moment, with one picture on the disk. */
async function settledAt(id: string, queuedAt: number): Promise<string> {
  mkdirSync(join(bench.folder, "outputs/2024-07-03"), { recursive: true });
  const file = join(bench.folder, "outputs/2024-07-03", `${id}.png`);
  writeFileSync(file, "picture");
  await bench.history.insert({
    id: id as TaskId,
    request: {},
    webhookUrl: "",
    label: null,
    door: { name: "fooocus-api", word: "" },
    warnings: [],
    queuedAt,
  });
  const image = {
    index: 0,
    url: `${bench.url}/outputs/2024-07-03/${id}.png`,
    width: 1,
    height: 1,
    seed: "1",
  };
  await bench.history.settle(id as TaskId, {
    outcome: "finished",
    startedAt: queuedAt,
    finishedAt: queuedAt,
    percent: 100,
    images: [{ ...image, timings: null }],
    error: null,
  });
  return file;
}

const day = (hour: number, minute = 0, second = 0, millisecond = 0): number =>
  new Date(2024, 6, 3, hour, minute, second, millisecond).getTime();

describe("ranges", () => {
  const moments = {
    a: day(12, 22, 29, 999),
    b: day(12, 22, 30),
    c: day(12, 22, 30, 500),
    d: day(12, 22, 31),
  };
  beforeEach(async () => {
    for (const [id, at] of Object.entries(moments))
      if ((await bench.history.find(id as TaskId)) === undefined) await settledAt(id, at);
  });
  const local = "2024-07-03T12:22:30";
  const utc = new Date(day(12, 22, 30)).toISOString().slice(0, 19);
  const ahead = new Date(day(12, 22, 30) + 5.5 * 3_600_000).toISOString().slice(0, 19);

  const cases: readonly (readonly [string, readonly string[]])[] = [
    [`start_at=${local}`, ["b", "c", "d"]],
    [`start_at=2024-07-03`, ["a", "b", "c", "d"]],
    [`start_at=2024-07-03T12:22`, ["a", "b", "c", "d"]],
    [`start_at=2024-07-03T12:23`, []],
    [`start_at=20240703T122230`, ["b", "c", "d"]],
    [`start_at=2024-07-03%2012:22:30`, ["b", "c", "d"]],
    [`start_at=${local}.5`, ["c", "d"]],
    [`start_at=${local},500`, ["c", "d"]],
    [`start_at=${local}.501`, ["d"]],
    [`start_at=${utc}Z`, ["b", "c", "d"]],
    [`start_at=${ahead}%2B05:30`, ["b", "c", "d"]],
    [`start_at=${ahead}+0530`, ["b", "c", "d"]],
    [`start_at=${local}&end_at=${local}`, ["b", "c"]],
    [`start_at=${local}&end_at=${local}.0`, ["b"]],
    [`start_at=${local}&end_at=${local}.499`, ["b"]],
    [`start_at=${local}&end_at=2024-07-03T12:22:29`, []],
    [`start_at=2999-01-01`, []],
    [`start_at=2024-07-03&page=7&page_size=1`, ["a", "b", "c", "d"]],
  ];
  for (const [query, expected] of cases) {
    test(query, async () => expect(await ids(`?query=history&${query}`)).toEqual([...expected]));
  }

  test("an end alone was passed over: everything up to it was meant", async () => {
    expect(await ids("?query=history&end_at=2024-07-03T12:22:30")).toEqual(["a", "b", "c"]);
    expect(await ids("?query=history&start_at=&end_at=2024-07-03T12:22:29")).toEqual(["a"]);
  });

  test("nothing after the sign is no range: newest first, in pages", async () => {
    expect(await ids("?query=history&start_at=&page_size=3")).toEqual(["d", "c", "b"]);
    expect(await ids("?query=history&page=1&page_size=3")).toEqual(["a"]);
    expect(await ids("?query=history&page=9")).toEqual([]);
  });

  for (const text of [
    "yesterday",
    "1720000000000",
    "2024-13-01",
    "2024-02-30",
    "2024-07-03T25:00",
    "2024-07-03T12:60",
    "2024-07-03T12:22:30%2B24:00",
  ]) {
    test(`what cannot be read is said with its name: ${text}`, async () => {
      for (const [name, query] of [
        ["start_at", `?start_at=${text}`],
        ["end_at", `?start_at=2024-07-03&end_at=${text}`],
      ]) {
        const answer = await get(query ?? "");
        expect(answer.status).toBe(422);
        const { detail } = await answer.json();
        expect(detail).toEqual([
          {
            type: "value_error",
            loc: ["query", name],
            msg: expect.any(String),
            input: decodeURIComponent(text),
          },
        ]);
      }
    });
  }

  test("delete takes the range and its files, says null, and in headers what it did", async () => {
    const files = ["b", "c"].map((id) => join(bench.folder, "outputs/2024-07-03", `${id}.png`));
    expect(files.map((path) => existsSync(path))).toEqual([true, true]);
    const answer = await get(`?action=DELETE&start_at=${local}&end_at=${local}`);
    expect([answer.status, await answer.text()]).toEqual([200, "null"]);
    expect(answer.headers.get("x-deleted-tasks")).toBe("2");
    expect(answer.headers.get("x-deleted-images")).toBe("2");
    expect(files.map((path) => existsSync(path))).toEqual([false, false]);
    expect(await ids("?query=history")).toEqual(["d", "a"]);
    const nothing = await get("?action=delete&start_at=2999-01-01");
    expect([await nothing.text(), nothing.headers.get("x-deleted-tasks")]).toEqual(["null", "0"]);
  });

  test("delete without a start deletes nothing and says what is needed", async () => {
    for (const query of ["?action=delete", "?action=delete&end_at=2024-07-04", "?action=delete&start_at="]) {
      const answer = await get(query);
      expect(answer.status).toBe(422);
      expect((await answer.json()).detail[0]).toMatchObject({ type: "missing", loc: ["query", "start_at"] });
    }
    expect((await ids("?query=history")).length).toBeGreaterThan(0);
  });

  test("any other action is ignored", async () => {
    expect(Object.keys(await lists("?action=purge"))).toEqual(["history", "current", "pending"]);
  });
});

describe("pages", () => {
  const problem = async (query: string) => (await (await get(query)).json()).detail;
  test("numbers out of their range, and what is none", async () => {
    expect(await problem("?page=-1&page_size=0")).toEqual([
      {
        type: "greater_than_equal",
        loc: ["query", "page"],
        msg: "Input should be greater than or equal to 0",
        input: "-1",
        ctx: { ge: 0 },
      },
      {
        type: "greater_than_equal",
        loc: ["query", "page_size"],
        msg: "Input should be greater than or equal to 1",
        input: "0",
        ctx: { ge: 1 },
      },
    ]);
    expect(await problem("?page=x")).toEqual([
      {
        type: "int_parsing",
        loc: ["query", "page"],
        msg: "Input should be a valid integer, unable to parse string as an integer",
        input: "x",
      },
    ]);
    expect(await problem("?page=1.5")).toMatchObject([{ type: "int_parsing" }]);
  });
  test("a number may be written as pydantic reads it, and the last of two counts", async () => {
    for (const query of [
      "?page=1.0",
      "?page=%201%20",
      "?page_size=1_0",
      "?page=true1&page=1",
      "?page=2147483647&page_size=2147483647",
    ])
      expect([query, (await get(query)).status]).toEqual([query, 200]);
  });
  test("other words than the four give three empty lists", async () => {
    for (const query of ["none", "ALL", ""])
      expect(await lists(`?query=${query}`)).toEqual({ history: [], current: [], pending: [] });
  });
});

test("what runs and what waits: their own lists, their own records, and a delete leaves them alone", async () => {
  release = Promise.withResolvers();
  const submit = async () => {
    const body = JSON.stringify({
      ...small,
      image_seed: 7,
      async_process: true,
      webhook_url: "http://127.0.0.1:9/hook",
    });
    return (await (await fetch(`${bench.url}/v1/engine/generate/`, { method: "POST", body })).json()).task_id;
  };
  const [first, second, third] = [await submit(), await submit(), await submit()];
  const sampling = () => bench.tasks.current()?.state;
  expect(
    await soon(() => {
      const state = sampling();
      return state?.status === "running" && state.progress.step === 1;
    }),
  ).toBe(true);

  const all = await lists("");
  expect(all.current).toHaveLength(1);
  expect(Object.keys(all.current[0])).toEqual(
    "id task_id req_params in_queue_mills start_mills finish_mills task_status progress preview webhook_url result".split(
      " ",
    ),
  );
  expect(all.current[0]).toMatchObject({
    task_id: first,
    finish_mills: -1,
    task_status: "running",
    webhook_url: "http://127.0.0.1:9/hook",
    result: [],
  });
  expect(all.current[0].id).toBeGreaterThan(0);
  expect(all.current[0].progress).toBeGreaterThan(5);
  expect(Buffer.from(all.current[0].preview, "base64").subarray(1, 4).toString()).toBe("PNG");
  expect(all.pending.map(({ task_id }: { task_id: string }) => task_id)).toEqual([second, third]);
  expect(Object.keys(all.pending[0])).toEqual(
    "id in_queue_mills finish_mills progress result req_params task_id start_mills task_status webhook_url".split(
      " ",
    ),
  );
  expect(all.pending[0]).toMatchObject({
    finish_mills: null,
    progress: null,
    result: null,
    task_status: null,
  });
  expect((await lists("?query=pending&page=1&page_size=1")).pending).toMatchObject([{ task_id: third }]);
  expect(await lists("?query=current")).toMatchObject({
    history: [],
    pending: [],
    current: [{ task_id: first }],
  });
  expect(await (await get(`/${first}`)).json()).toMatchObject({ task_id: first, task_status: "running" });
  expect(await (await get(`/${third}`)).json()).toMatchObject({ task_id: third, task_status: null });
  // Through the history the running one has its row, with nulls.
  expect((await lists("?query=history")).history[0]).toMatchObject({
    task_id: first,
    task_status: null,
    progress: null,
  });

  const deleted = await get("?action=delete&start_at=2025-01-01");
  expect(deleted.headers.get("x-deleted-tasks")).toBe("0");
  release.resolve();
  const settled = await bench.tasks.settled(third, AbortSignal.timeout(120_000));
  expect(settled?.state.status).toBe("settled");
  expect(await (await get(`/${first}`)).json()).toMatchObject({ task_status: "finished", progress: 100 });
  expect(await (await get("/nothing")).text()).toBe("[]");
});
