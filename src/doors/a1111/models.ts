import { Elysia } from "elysia";
import type { DoorParts } from "#/routes/door.ts";
import { jsonReply } from "#/routes/http/replies.ts";

/** Models in memory: given back, or left for the next request to open. */
export const modelRoutes = ({ tasks }: Pick<DoorParts, "tasks">) =>
  new Elysia({ name: "doors/a1111/models", prefix: "/sdapi/v1" })
    .post(
      "/unload-checkpoint",
      async () => {
        await tasks.unloadModels();
        return jsonReply({});
      },
      documented("unload_checkpoint", "Give back the memory of the models"),
    )
    .post(
      "/reload-checkpoint",
      () => jsonReply({}),
      documented("reload_checkpoint", "Nothing to do: the next request opens what it needs"),
    );

const documented = (name: string, summary: string) => ({
  parse: "none" as const,
  detail: { tags: ["A1111"], operationId: `a1111_${name}`, summary },
});
