import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { TaskRecord } from "#/api/answers.ts";
import { CommonRequest } from "#/api/generate.ts";
import { jsonAnswer, jsonRequest, queryParameter, refusalAnswer } from "#/api/openapi.ts";
import { readBody, readQueries } from "#/api/read.ts";
import { RecipeDocument, readRecipe, requestOf } from "#/api/recipe-document.ts";
import { taskIdOf } from "#/lib/task-id.ts";
import { type AddressBook, addressesFor, taskFor } from "#/routes/answers/addresses.ts";
import { idempotencyKey, keyParameter, replayed } from "#/routes/http/idempotency-key.ts";
import { jsonBody } from "#/routes/http/json-body.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { requestIdOf } from "#/routes/http/request-id.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import type { TaskWriter } from "#/tasks/life-cycle/task-writer.ts";
import { noTask } from "./no-task.ts";
import { recipeOf } from "./recipe-of.ts";
import { acknowledgement } from "./record.ts";

const recipeQuery = {
  inputs: Type.Unsafe<"name" | "embed">({
    type: "string",
    enum: ["name", "embed"],
    default: "name",
    description: "embed puts the pictures that it starts from into it.",
  }),
};

export type RecipesDependencies = Readonly<{
  tasks: Pick<TaskReader, "find" | "making"> & Pick<TaskWriter, "submitOnce">;
  images: ImageStore;
  addresses?: AddressBook;
}>;

/** What pictures were made from, and the same pictures again. */
export const recipesRoutes = (parts: RecipesDependencies) =>
  new Elysia({ name: "doors/fooocus-api/recipes" }).use(tellingRoute(parts)).use(makingRoute(parts));

const tellingRoute = ({ tasks, images, addresses }: RecipesDependencies) =>
  new Elysia().get(
    "/tasks/:task_id/recipe",
    async ({ params, request }): Promise<Response> => {
      const { inputs } = readQueries(recipeQuery, new URL(request.url).searchParams);
      const id = taskIdOf(params.task_id);
      const task = id === undefined ? undefined : await tasks.find(id);
      if (task === undefined) throw noTask(params.task_id);
      const shown = taskFor(task, addressesFor(request, addresses));
      return jsonReply(await recipeOf(shown, inputs === "embed", { tasks, images }));
    },
    {
      detail: {
        tags: ["Tasks"],
        operationId: "task_recipe",
        summary: "Everything that the pictures of a task were made from",
        parameters: [queryParameter("inputs", recipeQuery.inputs)],
        responses: {
          200: jsonAnswer(RecipeDocument, "The recipe."),
          404: refusalAnswer("There is no such task."),
          409: refusalAnswer("It has not ended, or there is no recipe of it."),
        },
      },
    },
  );

const path = "/tasks/recipe";

const makingRoute = ({ tasks }: RecipesDependencies) =>
  new Elysia().use(jsonBody()).post(
    path,
    async ({ request, json }): Promise<Response> => {
      const recipe = readRecipe(json);
      // The reader checked every key that is present against this very schema.
      const asked = readBody(CommonRequest, requestOf(recipe));
      const key = idempotencyKey(request, { path, single: false, body: json });
      const options = { recipe, requestId: requestIdOf(request) };
      const { task, isReplay } = await tasks.submitOnce(asked, key, options);
      return replayed(jsonReply(acknowledgement(task)), isReplay);
    },
    {
      parse: "none",
      detail: {
        tags: ["Tasks"],
        operationId: "make_recipe",
        summary: "Make the pictures of a recipe again",
        description:
          "A task as every other one; the answer is its acknowledgement. A file that is missing or another one, or a recipe that " +
          "would be made otherwise here, is refused with a problem for each.",
        parameters: [keyParameter],
        requestBody: jsonRequest(RecipeDocument),
        responses: {
          200: jsonAnswer(TaskRecord, "The acknowledgement."),
          429: refusalAnswer("Too many tasks wait."),
        },
      },
    },
  );
