import {
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
} from "@modelcontextprotocol/server";
import { taskIdOf } from "#/lib/task-id.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import { jobResult } from "../answers/job-result.ts";
import { taskHandle } from "../answers/task-handle.ts";
import type { Answering } from "../call.ts";
import { inlineOf } from "../names.ts";

/** The extension by which a call is answered with a task, as clients and server declare it. */
export const tasksExtension = "io.modelcontextprotocol/tasks";

type Named = Readonly<{ taskId: string }>;

/**
 * Serves the extension for tasks of revision 2026-07-28: `tasks/get`, `tasks/update` (which has nothing to do here: no task asks
 * for input) and `tasks/cancel`. A task of the protocol is a task of the server, by its own id.
 */
export function serveTasks(server: Server, answering: Answering): void {
  const { parts, addresses } = answering;
  const serve = (method: string, answer: (task: Task) => object | Promise<object>): void =>
    server.setRequestHandler(method, { params: namedTask }, async ({ taskId }) => {
      refuseUndeclared(server);
      return { ...(await answer(await taskNamed(taskId, answering))) };
    });
  serve("tasks/get", async (task) => {
    const handle = taskHandle(task, addresses, Date.now());
    if (handle.status !== "completed") return handle;
    return { ...handle, result: await jobResult(task, inlineOf(task.door.word), answering) };
  });
  serve("tasks/update", () => ({}));
  serve("tasks/cancel", async ({ id }) => {
    await parts.tasks.control(id, "stop");
    return {};
  });
}

/** What these methods have to name, as a Standard Schema, which is what the SDK takes. */
const namedTask = {
  "~standard": {
    version: 1,
    vendor: "fooocusd",
    validate: (value: unknown) =>
      typeof value === "object" && value !== null && "taskId" in value && typeof value.taskId === "string"
        ? { value: { taskId: value.taskId } }
        : { issues: [{ message: "taskId is missing, or no text" }] },
    types: undefined as { input: Named; output: Named } | undefined,
  },
} as const;

/** Whether the client of this request takes tasks; it says so with every request. */
export const takesTasks = (server: Server): boolean =>
  server.getClientCapabilities()?.extensions?.[tasksExtension] !== undefined;

/** @throws MissingRequiredClientCapabilityError */
function refuseUndeclared(server: Server): void {
  if (takesTasks(server)) return;
  throw new MissingRequiredClientCapabilityError({
    requiredCapabilities: { extensions: { [tasksExtension]: {} } },
  });
}

async function taskNamed(taskId: string, { parts }: Answering): Promise<Task> {
  const id = taskIdOf(taskId);
  const task = id === undefined ? undefined : await parts.tasks.find(id);
  if (task !== undefined) return task;
  const sentence = `There is no task ${JSON.stringify(taskId.slice(0, 64))}; it may have been deleted.`;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, sentence);
}
