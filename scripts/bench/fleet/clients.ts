import { readEvents } from "../../../test/support/read-events.ts";

/** A small task, as a client asks for it. */
export const small = {
  prompt: "a red circle",
  style_selections: [],
  performance_selection: "Lightning",
  overwrite_width: 64,
  overwrite_height: 64,
  async_process: true,
};

/** Asks for one. @returns its id. @throws where it is refused */
export async function give(url: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const body = JSON.stringify({ ...small, ...more });
  const answer = await fetch(`${url}/v1/engine/generate/`, { method: "POST", body });
  if (!answer.ok) throw new Error(`a task was refused: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).task_id;
}

/** Asks for many, sixteen at a time. */
export async function giveMany(url: string, count: number, more: Readonly<Record<string, unknown>> = {}) {
  let left = count;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await give(url, more);
    }
  };
  await Promise.all(Array.from({ length: Math.min(16, count) }, one));
}

/** An event as a client has it, and when it came; milliseconds since 1970. */
export type Heard = Readonly<{ type: string; taskId: string; at: number; heardAt: number; status: string }>;

/** Hears all events of a head over the live channel, without previews. */
export async function hear(url: string, tell: (event: Heard) => void): Promise<() => void> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    const heardAt = Date.now();
    if (typeof data !== "string") return;
    const { type, task_id, at, status } = JSON.parse(data);
    if (type === "subscribed") resolve();
    tell({ type, taskId: task_id, at, heardAt, status });
  };
  socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", tasks: "all", previews: false }));
  socket.onerror = () => reject(new Error("the live channel could not be opened"));
  await promise;
  return () => socket.close();
}

/** Hears the events of one task as server-sent events, until it ends. */
export async function hearTask(url: string, id: string, tell: (event: Heard) => void): Promise<void> {
  for await (const { event, data } of readEvents(await fetch(`${url}/tasks/${id}/events`))) {
    const { at, status } = data;
    tell({ type: event, taskId: id, at: Number(at), heardAt: Date.now(), status: String(status) });
  }
}
