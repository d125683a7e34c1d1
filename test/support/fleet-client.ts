import { expect } from "bun:test";
import type { FleetProcess } from "./fleet-processes.ts";

/** A request that takes few steps. */
export const small = {
  style_selections: [],
  performance_selection: "Lightning",
  overwrite_width: 64,
  overwrite_height: 64,
  async_process: true,
};

/** A record, as far as tests of a fleet read it. */
export type Row = Readonly<{
  task_id: string;
  task_status: string | null;
  start_mills: number | null;
  result: readonly string[] | null;
  error?: Readonly<{ code: string; message: string }>;
  warnings?: readonly string[];
}>;

/** Asks a head something. */
export async function ask({ url }: Pick<FleetProcess, "url">, path: string, init?: RequestInit) {
  const answer = await fetch(url + path, init);
  return { status: answer.status, body: await answer.json() };
}

/** Gives a head a task. @returns its id */
export async function give(
  head: FleetProcess,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const body = JSON.stringify({ ...small, prompt: "a red circle", ...more });
  const answer = await ask(head, "/v1/engine/generate/", { method: "POST", body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.task_id;
}

/** The record of a task once it has ended. */
export async function ended(head: FleetProcess, id: string): Promise<Row> {
  for (let tries = 0; tries < 600; tries += 1) {
    const { body } = await ask(head, `/tasks/${id}?wait=5`).catch(() => ({ body: {} }));
    if (body.finish_mills > 0) return body;
    await Bun.sleep(100);
  }
  throw new Error(`${id} never ended:\n${head.output.text.slice(-3000)}`);
}

/** Hears every end that a head tells, by task. */
export async function hearEnds({ url }: FleetProcess): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>();
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live`);
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    const message = typeof data === "string" ? JSON.parse(data) : {};
    if (message.type === "settled") ends.set(message.task_id, (ends.get(message.task_id) ?? 0) + 1);
  };
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  socket.send(JSON.stringify({ type: "subscribe", tasks: "all" }));
  return ends;
}

/** Whether something becomes true in time. */
export async function soon(isSo: () => boolean | Promise<boolean>, milliseconds = 30_000): Promise<boolean> {
  for (const until = Date.now() + milliseconds; Date.now() < until; await Bun.sleep(50))
    if (await isSo()) return true;
  return false;
}

/** Whether a task runs, as a head knows it. */
export const isDrawing = async (head: FleetProcess): Promise<boolean> =>
  (await ask(head, "/tasks?query=current")).body.current.length > 0;

/** An event of a stream, with its number. */
export type StreamEvent = Readonly<{ id: number; type: string; data: Readonly<Record<string, unknown>> }>;

/** Reads the events of a task behind a number, until the stream ends or breaks, or somebody has had enough. */
export async function readEvents(
  { url }: FleetProcess,
  task: string,
  since: number,
  enough: (event: StreamEvent) => boolean = () => false,
): Promise<readonly StreamEvent[]> {
  const events: StreamEvent[] = [];
  const headers = since === 0 ? {} : { "Last-Event-ID": String(since) };
  try {
    const answer = await fetch(`${url}/tasks/${task}/events`, { headers });
    let text = "";
    for await (const chunk of answer.body ?? []) {
      text += new TextDecoder().decode(chunk);
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = eventOf(block);
        if (event !== undefined) events.push(event);
        if (event !== undefined && enough(event)) return events;
      }
    }
  } catch {
    // Its head died: what came is kept.
  }
  return events;
}

function eventOf(block: string): StreamEvent | undefined {
  const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, "m").exec(block)?.[1];
  const [id, type, data] = [field("id"), field("event"), field("data")];
  return id === undefined || type === undefined || data === undefined
    ? undefined
    : { id: Number(id), type, data: JSON.parse(data) };
}
