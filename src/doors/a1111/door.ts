import { Elysia } from "elysia";
import { writeJson } from "#/api/json.ts";
import type { DoorParts, FrontDoor } from "#/routes/door.ts";
import { generationRoutes } from "./generation.ts";
import { basicKeys } from "./keys.ts";
import { listRoutes } from "./list-routes.ts";
import { doorName } from "./name.ts";
import { optionRoutes } from "./option-routes.ts";
import { createOptions } from "./options.ts";
import { progressRoutes } from "./progress.ts";
import { refusalBody } from "./refusal-body.ts";

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
  routes: (parts: DoorParts) => {
    const { catalog, choices, tools, decoding } = parts;
    const usual = (): string => {
      const { base_model_name: name } = choices({}).defaults;
      return typeof name === "string" ? name : "";
    };
    const options = createOptions(catalog, usual);
    const reading = { catalog, options, imageOf: tools.imageOf, decoding, random: Math.random };
    return new Elysia({ name: "doors/a1111" })
      .use(generationRoutes({ ...parts, reading }))
      .use(progressRoutes(parts))
      .use(optionRoutes(options))
      .use(listRoutes(parts));
  },
};
