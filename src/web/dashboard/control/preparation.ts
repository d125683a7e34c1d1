import type { Server } from "../server.ts";
import { failureOf } from "../tile.ts";
import { isObject, textOf } from "../values.ts";
import type { Prepared } from "./control-draft.ts";

/** For how long the server is asked to hold an answer back, in seconds. */
const patience = 30;

/**
 * Has a control image prepared, and takes the picture. The task that does it waits in the queue as any other; it is deleted
 * when it has ended, so that nothing of it stays in the history.
 *
 * @param announce hears the task's name as soon as it has one
 * @throws Refused with the server's words, Error for a task that failed or was stopped
 */
export async function prepared(
  server: Server,
  request: Readonly<Record<string, unknown>>,
  announce: (id: string) => void,
): Promise<Prepared> {
  const id = await begun(server, request);
  announce(id);
  try {
    const record = await ended(server, id);
    const [address] = record?.result ?? [];
    if (record === undefined || address === undefined)
      throw new Error((record && failureOf(record)) || "The control image was not prepared: it was stopped.");
    const shown = URL.createObjectURL(await server.picture(address));
    return { kind: "ready", shown, warnings: record.warnings };
  } finally {
    // Whoever stops a task may have deleted it, too.
    await server.remove(id).catch(() => undefined);
  }
}

async function begun(server: Server, request: Readonly<Record<string, unknown>>): Promise<string> {
  const answer = await server.ask("v1/engine/generate/", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...request, debugging_cn_preprocessor: true, async_process: true }),
  });
  return isObject(answer) ? textOf(answer["task_id"]) : "";
}

async function ended(server: Server, id: string) {
  for (;;) {
    const record = await server.record(id, patience);
    if (record === undefined || (record.finish_mills ?? 0) > 0) return record;
  }
}
