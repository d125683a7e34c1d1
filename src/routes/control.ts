import { Elysia } from "elysia";
import { InvalidRequest, sentences } from "#/api/issues.ts";
import type { Tasks } from "#/tasks/tasks.ts";
import { jsonReply } from "./replies.ts";

/** Stops or skips the running task; the messages are the contract's, spelled as it spells them. */
export const controlRoute = ({ tasks }: { readonly tasks: Tasks }) =>
  new Elysia({ name: "routes/control" }).post(
    "/v1/engine/control",
    ({ query }): Response => {
      const action = query["action"];
      if (action === undefined) {
        throw new InvalidRequest([
          { type: "missing", loc: ["query", "action"], msg: sentences.missing, input: null },
        ]);
      }
      if (action !== "stop" && action !== "skip") return jsonReply({ message: "Invalid control action" });
      const id = tasks.current()?.id;
      if (tasks.control("current", action) === "nothing_running")
        return jsonReply({ message: "No task running" });
      return jsonReply({ message: action === "stop" ? "task stoped" : "task skiped", task_id: id ?? null });
    },
    { parse: "none", detail: { tags: ["GenerateV1"], operationId: "stop_engine_v1_engine_control_post" } },
  );
