import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { ControlAnswer } from "#/api/answers.ts";
import { InvalidRequest, sentences } from "#/api/issues.ts";
import { jsonAnswer, queryParameter } from "#/api/openapi.ts";
import { taskIdOf } from "#/lib/task-id.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import type { TaskWriter } from "#/tasks/life-cycle/task-writer.ts";

const parameters = [
  queryParameter(
    "action",
    Type.String({ description: "stop ends the running task, skip its current picture." }),
    true,
  ),
  queryParameter(
    "task_id",
    Type.String({ description: "Only if it is this task; a waiting one is cancelled." }),
  ),
];

/** Stops or skips the running task; the messages are the contract's, spelled as it spells them. */
export const controlRoute = ({
  tasks,
}: {
  readonly tasks: Pick<TaskReader, "current"> & Pick<TaskWriter, "control">;
}) =>
  new Elysia({ name: "doors/fooocus-api/control" }).post(
    "/v1/engine/control",
    async ({ request }): Promise<Response> => {
      const { searchParams } = new URL(request.url);
      const word = searchParams.getAll("action").at(-1);
      if (word === undefined) {
        throw new InvalidRequest([
          { type: "missing", loc: ["query", "action"], msg: sentences.missing, input: null },
        ]);
      }
      if (word !== "stop" && word !== "skip") return jsonReply({ message: "Invalid control action" });
      const asked = searchParams.get("task_id");
      const id = asked === null ? tasks.current()?.id : taskIdOf(asked);
      const outcome = id === undefined ? "nothing_running" : await tasks.control(id, word);
      switch (outcome) {
        case "nothing_running":
        case "unknown_task":
        case "already_settled":
          return jsonReply({ message: "No task running" });
        case "stopping":
        case "skipping":
        case "cancelled_pending":
          return jsonReply({ message: word === "stop" ? "task stoped" : "task skiped", task_id: id ?? null });
      }
    },
    {
      parse: "none",
      detail: {
        tags: ["GenerateV1"],
        operationId: "stop_engine_v1_engine_control_post",
        summary: "Stop or skip",
        parameters,
        responses: { 200: jsonAnswer(ControlAnswer, "What became of it, in FooocusAPI's words.") },
      },
    },
  );
