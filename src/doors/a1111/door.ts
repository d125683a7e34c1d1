import { Elysia } from "elysia";
import { HTTPValidationError } from "#/api/answers.ts";
import { writeJson } from "#/api/json.ts";
import type { DoorParts, FrontDoor } from "#/routes/door.ts";
import { SentenceAnswer } from "./api/answers.ts";
import { detectRoute } from "./detect.ts";
import { extrasRoutes } from "./extras.ts";
import { generationRoutes } from "./generation.ts";
import { interrogateRoute } from "./interrogate.ts";
import { basicKeys } from "./keys.ts";
import { listRoutes } from "./list-routes.ts";
import { modelRoutes } from "./models.ts";
import { doorName } from "./name.ts";
import { optionRoutes } from "./option-routes.ts";
import { createOptions } from "./options.ts";
import { pngInfoRoute } from "./png-info.ts";
import { progressRoutes } from "./progress.ts";
import { queueStatusRoute } from "./queue-status.ts";
import { isOfKey, refusalBody } from "./refusal-body.ts";

/** The API of A1111 (Stable Diffusion web UI), for its clients. */
export const a1111Door: FrontDoor = {
  name: doorName,
  unknownNames: "refused",
  fileStem: () => undefined,
  webhookBody: ({ id, state }) =>
    writeJson({
      task_id: id,
      status: state.status === "settled" ? state.outcome : state.status,
      images: state.status === "settled" ? state.images.map(({ url }) => url) : [],
    }),
  tags: [{ name: "A1111", description: "The API of A1111's web UI, over the same tasks" }],
  keysOf: basicKeys,
  paths: {},
  refusalBody,
  refusalStatus: (refusal, usual) => (isOfKey(refusal) ? 401 : usual),
  // Without it some clients, browsers above all, never say the password that they have.
  refusalHeaders: (refusal) => (isOfKey(refusal) ? { "www-authenticate": 'Basic realm="fooocusd"' } : {}),
  refusalSchemas: { problems: HTTPValidationError, sentence: SentenceAnswer },
  routes: (parts: DoorParts) => {
    const { catalog, choices, tools, decoding } = parts;
    const usual = (): string => {
      const { base_model_name: name } = choices({}).defaults;
      return typeof name === "string" ? name : "";
    };
    const options = createOptions(catalog, usual);
    const pictures = { imageOf: tools.imageOf, decoding };
    const reading = { ...pictures, catalog, options, random: Math.random };
    return new Elysia({ name: "doors/a1111" })
      .use(generationRoutes({ ...parts, reading }))
      .use(progressRoutes(parts))
      .use(queueStatusRoute(parts))
      .use(extrasRoutes({ ...parts, ...pictures }))
      .use(detectRoute({ ...parts, ...pictures }))
      .use(pngInfoRoute(parts))
      .use(interrogateRoute(parts))
      .use(optionRoutes(options))
      .use(modelRoutes(parts))
      .use(listRoutes(parts));
  },
};
