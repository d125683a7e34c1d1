import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { AllModelNamesResponse, ChoicesAnswer, EngineAnswer } from "#/api/answers.ts";
import { jsonAnswer, queryParameter } from "#/api/openapi.ts";
import { readQueries } from "#/api/read.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { Intake } from "#/tasks/intake/create-intake.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import { wireEngine } from "./live/wire-event.ts";

export type EnginesDependencies = Readonly<{
  catalog: Catalog;
  styleNames: readonly string[];
  choices: Intake["choices"];
  tasks: Pick<TaskReader, "engines">;
}>;

const choiceQuery = {
  preset: Type.String({ default: "", description: "A preset that the request would name." }),
  base_model_name: Type.String({ default: "", description: "A checkpoint that it would name." }),
};

/** What a request may name: models as they lie on the disk now, styles, and all else that is a list. */
export const enginesRoutes = ({ catalog, styleNames, choices, tasks }: EnginesDependencies) =>
  new Elysia({ name: "doors/fooocus-api/engines", prefix: "/v1/engines" })
    .get(
      "",
      () =>
        jsonReply(
          tasks.engines().map(({ name, task, ...state }) => ({ name, ...wireEngine(state), task_id: task })),
        ),
      {
        detail: {
          tags: ["Query"],
          operationId: "engines",
          summary: "The engines, what each does, and on what",
          responses: { 200: jsonAnswer(Type.Array(EngineAnswer)) },
        },
      },
    )
    .get(
      "/all-models",
      () =>
        jsonReply({
          model_filenames: catalog.names("checkpoints"),
          lora_filenames: catalog.names("loras"),
        }),
      {
        detail: {
          tags: ["Query"],
          operationId: "all_models_v1_engines_all_models_get",
          summary: "Checkpoints and LoRAs",
          responses: { 200: jsonAnswer(AllModelNamesResponse) },
        },
      },
    )
    .get("/styles", () => jsonReply(styleNames), {
      detail: {
        tags: ["Query"],
        operationId: "all_styles_v1_engines_styles_get",
        summary: "Styles",
        responses: { 200: jsonAnswer(Type.Array(Type.String())) },
      },
    })
    .get(
      "/choices",
      ({ request }) => {
        const asked = readQueries(choiceQuery, new URL(request.url).searchParams);
        return jsonReply(
          choices(Object.fromEntries(Object.entries(asked).filter(([, name]) => name !== ""))),
        );
      },
      {
        detail: {
          tags: ["Query"],
          operationId: "choices",
          summary: "What a request may say, and what it means where it does not",
          parameters: Object.entries(choiceQuery).map(([name, schema]) => queryParameter(name, schema)),
          responses: { 200: jsonAnswer(ChoicesAnswer) },
        },
      },
    );
