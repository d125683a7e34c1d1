import { Elysia } from "elysia";
import { writeJson } from "#/api/json.ts";
import type { FrontDoor } from "#/routes/door.ts";
import { headerKeys } from "#/routes/http/auth.ts";
import { storedRecord } from "../fooocus-api/record.ts";
import { absentRoutes } from "./absent.ts";
import { imagesRoutes } from "./images.ts";
import { modelsRoutes } from "./models.ts";
import { openAiRefusals } from "./refusal-body.ts";
import { doorName } from "./submit.ts";

/**
 * OpenAI's images API over the same tasks: generations, edits and models. An unknown model gives way to the server's own; other
 * names that nobody knows are refused, since they are fields of ours. Webhooks, which OpenAI has none of for pictures, get the
 * main door's record.
 */
export const openAiDoor: FrontDoor = {
  name: doorName,
  unknownNames: "refused",
  fileStem: () => undefined,
  webhookBody: (task) => writeJson(storedRecord(task)),
  tags: [{ name: "OpenAI images", description: "Pictures for OpenAI's clients" }],
  keysOf: headerKeys,
  paths: {},
  ...openAiRefusals,
  routes: (parts) =>
    new Elysia({ name: "doors/openai" })
      .use(imagesRoutes(parts))
      .use(modelsRoutes(parts))
      .use(absentRoutes()),
};
