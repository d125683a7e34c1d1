import { afterAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { TaskId } from "#/lib/task-id.ts";
import { openHistory } from "#/stores/history/sqlite.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import { benchFolder } from "../support/task-bench.ts";

/** How often the process is killed; CRASHES=100 for the whole proof. */
const crashes = Number(process.env.CRASHES ?? 20);

const child = join(import.meta.dir, "../support/crash-child.ts");
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Runs the child until it ends or is killed after some milliseconds; returns the lines it wrote. */
async function live(folder: string, mode: "load" | "drain", killAfter?: number): Promise<readonly string[]> {
  const process_ = Bun.spawn([process.execPath, child, folder, mode], { stdout: "pipe", stderr: "pipe" });
  let text = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of process_.stdout) {
      const first = text === "";
      text += decoder.decode(bytes, { stream: true });
      // Counted from the first sign of life, so that the moments spread over the work and not over the start.
      if (first && killAfter !== undefined) setTimeout(() => process_.kill("SIGKILL"), killAfter);
    }
  })();
  const errors = new Response(process_.stderr).text();
  const code = await process_.exited;
  await reading;
  if (killAfter === undefined && code !== 0) throw new Error(`the child ended with ${code}: ${await errors}`);
  return text.split("\n").filter((line) => line !== "");
}

const idsOf = (lines: readonly string[], word: string): readonly TaskId[] =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1) as TaskId);

/** What is wrong with a task's end, if anything. */
async function faultOf(folder: string, task: Task | undefined): Promise<string | undefined> {
  if (task?.state.status !== "settled") return `is ${task?.state.status ?? "gone"}`;
  const { outcome, images, error } = task.state;
  if (outcome !== "finished" && !(outcome === "failed" && error?.code === "interrupted"))
    return `ended ${outcome}`;
  const wanted = Number(task.request.image_number);
  if (outcome === "finished" && images.length !== wanted) return `has ${images.length} of ${wanted} images`;
  if (new Set(images.map(({ index }) => index)).size !== images.length) return "has an image twice";
  for (const { url } of images) {
    const path = join(folder, "outputs", ...url.split("/").slice(-2));
    if (!existsSync(path)) return `lacks ${path}`;
    const { width, height } = await sharp(readFileSync(path))
      .raw()
      .toBuffer({ resolveWithObject: true })
      .then((r) => r.info);
    const { uov_input_image: start } = task.request;
    if (typeof start !== "string") return "has no place for its picture";
    if (start === "" && (width !== 64 || height !== 64)) return `has a broken ${path}`;
    if (start !== "" && !existsSync(join(folder, "inputs", start.split("/").at(-1) ?? "")))
      return `lacks its picture ${start}`;
  }
  return undefined;
}

test(`every accepted task reaches exactly one end, with its files, over ${crashes} kills`, async () => {
  const folder = benchFolder();
  folders.push(folder);
  const lines: string[] = [];
  for (let crash = 0; crash < crashes; crash += 1)
    lines.push(...(await live(folder, "load", Math.random() * 800)));
  lines.push(...(await live(folder, "drain")));
  expect(lines.at(-1)).toBe("drained");

  const accepted = idsOf(lines, "accepted");
  const settled = idsOf(lines, "settled");
  expect(accepted.length).toBeGreaterThan(crashes);
  expect(new Set(settled).size).toBe(settled.length);
  const history = openHistory(join(folder, "outputs/db.sqlite3"));
  expect(await history.unfinished()).toEqual([]);
  const faults: string[] = [];
  for (const id of accepted) {
    const fault = await faultOf(folder, await history.find(id));
    if (fault !== undefined) faults.push(`${id} ${fault}`);
  }
  await history.close();
  expect(faults).toEqual([]);
  for (const day of readdirSync(join(folder, "outputs")).filter((name) => /^\d/.test(name)))
    expect(readdirSync(join(folder, "outputs", day)).filter((name) => !name.endsWith(".png"))).toEqual([]);
}, 600_000);
