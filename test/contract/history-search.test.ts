import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { TaskId } from "#/lib/task-id.ts";
import { liveClient } from "../support/live-client.ts";
import { type ServedBench, serveBench } from "../support/served-bench.ts";
import { small } from "../support/task-bench.ts";

setDefaultTimeout(300_000);

type Found = Readonly<{
  tasks: readonly Readonly<{
    id: number;
    task_id: TaskId;
    prompt: string;
    starred: boolean;
    error?: unknown;
    pictures: readonly Readonly<{ url: string; thumbnail: string; width: number }>[];
  }>[];
  next: number | null;
}>;

async function search(bench: ServedBench, query = ""): Promise<Found> {
  return await (await fetch(`${bench.url}/v1/history${query}`)).json();
}

async function made(bench: ServedBench, prompt: string, more: object = {}): Promise<TaskId> {
  const { id } = await bench.tasks.submit({ ...small, prompt, ...more });
  await bench.tasks.settled(id, AbortSignal.timeout(120_000));
  return id;
}

const promptsOf = ({ tasks }: Found): readonly string[] => tasks.map(({ prompt }) => prompt);

test("the history is searched, in pages that do not shift when tasks are made and deleted meanwhile", async () => {
  await using bench = await serveBench();
  const ids: TaskId[] = [];
  for (const n of [1, 2, 3, 4, 5]) ids.push(await made(bench, `lamp ${n}`));
  const first = await search(bench, "?limit=2");
  expect(promptsOf(first)).toEqual(["lamp 5", "lamp 4"]);
  expect(first.tasks[0]).toMatchObject({ task_status: "finished", starred: false });
  await made(bench, "lamp 6");
  await fetch(`${bench.url}/tasks/${ids[3]}`, { method: "DELETE" });
  const second = await search(bench, `?limit=2&before=${first.next}`);
  expect(promptsOf(second)).toEqual(["lamp 3", "lamp 2"]);
  const last = await search(bench, `?limit=2&before=${second.next}`);
  expect([promptsOf(last), last.next]).toEqual([["lamp 1"], null]);
  expect(promptsOf(await search(bench, "?prompt=LAM%205"))).toEqual(["lamp 5"]);
  expect(promptsOf(await search(bench, "?prompt=lamp&model=other.safetensors"))).toEqual([]);
  expect(promptsOf(await search(bench, "?start_at=2100-01-01"))).toEqual([]);
  expect(promptsOf(await search(bench, `?task_id=${ids[0]}`))).toEqual(["lamp 1"]);
  const names = await (await fetch(`${bench.url}/v1/history/names`)).json();
  expect(names).toEqual({ models: [{ name: "base.safetensors", tasks: 5 }], styles: [] });
});

test("what cannot be looked for is refused with the parameter's name", async () => {
  await using bench = await serveBench();
  for (const [query, name] of [
    ["?limit=0", "limit"],
    ["?before=x", "before"],
    ["?starred=perhaps", "starred"],
    ["?start_at=yesterday", "start_at"],
  ] as const) {
    const answer = await fetch(`${bench.url}/v1/history${query}`);
    expect(answer.status).toBe(422);
    expect((await answer.json()).detail[0].loc).toEqual(["query", name]);
  }
});

test("a star is found, survives a restart, changes no record, and only a task can have one", async () => {
  await using bench = await serveBench();
  const [one] = [await made(bench, "one"), await made(bench, "two")];
  const record = async () => await (await fetch(`${bench.url}/tasks/${one}`)).text();
  const before = await record();
  const put = await fetch(`${bench.url}/tasks/${one}/star`, { method: "PUT" });
  expect(await put.json()).toEqual({ task_id: one, starred: true });
  expect(promptsOf(await search(bench, "?starred=true"))).toEqual(["one"]);
  expect((await search(bench)).tasks.map(({ starred }) => starred)).toEqual([false, true]);
  expect(await record()).toBe(before);
  await fetch(`${bench.url}/tasks/${one}/star`, { method: "DELETE" });
  expect(promptsOf(await search(bench, "?starred=true"))).toEqual([]);
  for (const name of ["0".repeat(32), "none"])
    expect((await fetch(`${bench.url}/tasks/${name}/star`, { method: "PUT" })).status).toBe(404);
});

test("whoever follows everything hears of stars and deletions; who follows a task does not", async () => {
  await using bench = await serveBench();
  const id = await made(bench, "one");
  const [reader, other] = [await liveClient(bench.url), await liveClient(bench.url)];
  await reader.ask({ type: "subscribe", tasks: "all" });
  await other.ask({ type: "subscribe", tasks: [id] });
  await fetch(`${bench.url}/tasks/${id}/star`, { method: "PUT" });
  await fetch(`${bench.url}/tasks/${id}/star`, { method: "DELETE" });
  await fetch(`${bench.url}/tasks/${id}`, { method: "DELETE" });
  await reader.until(({ type }) => type === "removed");
  await other.ask({ type: "ping" });
  const told = reader.heard.filter(({ type }) => type === "removed" || type === "starred");
  expect(told.map(({ type, tasks, starred }) => [type, tasks, starred])).toEqual([
    ["starred", [id], true],
    ["starred", [id], false],
    ["removed", [id], undefined],
  ]);
  expect(other.heard.filter(({ type }) => type === "starred")).toEqual([]);
});

test("a small version is made once, kept by who has it, and goes with its picture", async () => {
  await using bench = await serveBench();
  const id = await made(bench, "wide", { overwrite_width: 1024, overwrite_height: 512 });
  const [task] = (await search(bench)).tasks;
  const { url = "", thumbnail: address = "" } = task?.pictures[0] ?? {};
  const thumbnail = `${url.replace("/outputs/", "/thumbnails/")}?task=${id}`;
  expect(new URL(address, bench.url).href).toBe(thumbnail);
  const [one, two] = await Promise.all([fetch(thumbnail), fetch(thumbnail)]);
  const { width, height, format } = await sharp(await one.bytes()).metadata();
  expect([width, height, format, two.status]).toEqual([384, 192, "webp", 200]);
  expect(one.headers.get("cache-control")).toBe("private, max-age=31536000, immutable");
  const etag = one.headers.get("etag") ?? "";
  const again = await fetch(thumbnail.replace(/\?.*/, ""), { headers: { "if-none-match": etag } });
  expect([again.status, again.headers.get("cache-control")]).toEqual([304, "private, no-cache"]);
  const folder = join(bench.folder, "outputs/.thumbnails");
  const kept = () =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".webp"));
  expect(kept()).toHaveLength(1);
  await fetch(`${bench.url}/tasks/${id}`, { method: "DELETE" });
  expect([kept(), (await fetch(thumbnail)).status]).toEqual([[], 404]);
  for (const path of ["..%2Fdb.sqlite3/x.png", ".thumbnails/x.png", "2026-01-01/..%2F..%2Fdb.sqlite3"])
    expect((await fetch(`${bench.url}/thumbnails/${path}`)).status).toBe(404);
});

test("a file that is no picture has no small version, says so, and nothing is kept of it", async () => {
  await using bench = await serveBench();
  await made(bench, "one");
  const [task] = (await search(bench)).tasks;
  const { url = "", thumbnail = "" } = task?.pictures[0] ?? {};
  const path = join(bench.folder, new URL(url).pathname);
  expect(existsSync(path)).toBe(true);
  await Bun.write(path, "no picture");
  const answer = await fetch(new URL(thumbnail, bench.url));
  expect(answer.status).toBe(500);
  expect((await answer.json()).detail).toContain("cannot be read as a picture");
});
