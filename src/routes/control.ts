import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { ControlAnswer } from "#/api/answers.ts";
import { InvalidRequest, sentences } from "#/api/issues.ts";
import { jsonAnswer, queryParameter } from "#/api/openapi.ts";
import type { Tasks } from "#/tasks/tasks.ts";
import { jsonReply } from "./replies.ts";

const action = Type.String({ description: "stop ends the running task, skip its current picture." });

/** Stops or skips the running task; the messages are the contract's, spelled as it spells them. */
export const controlRoute = ({ tasks }: { readonly tasks: Tasks }) =>
  new Elysia({ name: "routes/control" }).post(
    "/v1/engine/control",
    ({ query }): Response => {
      const word = query["action"];
      if (word === undefined) {
        throw new InvalidRequest([
          { type: "missing", loc: ["query", "action"], msg: sentences.missing, input: null },
        ]);
      }
      if (word !== "stop" && word !== "skip") return jsonReply({ message: "Invalid control action" });
      const id = tasks.current()?.id;
      if (tasks.control("current", word) === "nothing_running")
        return jsonReply({ message: "No task running" });
      return jsonReply({ message: word === "stop" ? "task stoped" : "task skiped", task_id: id ?? null });
    },
    {
      parse: "none",
      detail: {
        tags: ["GenerateV1"],
        operationId: "stop_engine_v1_engine_control_post",
        summary: "Stop or skip",
        parameters: [queryParameter("action", action, true)],
        responses: { 200: jsonAnswer(ControlAnswer) },
      },
    },
  );
