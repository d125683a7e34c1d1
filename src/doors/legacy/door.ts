import { Elysia } from "elysia";
import { writeJson } from "#/api/json.ts";
import type { FrontDoor } from "#/routes/door.ts";
import { headerKeys } from "#/routes/http/auth.ts";
import { doorName, hyphenated } from "./api/job.ts";
import { generationRoutes } from "./generation.ts";
import { jobWebhook } from "./job.ts";
import { jobRoutes } from "./jobs.ts";
import { refusalBody } from "./refusal-body.ts";

/**
 * The legacy Fooocus-API as a layer over the same tasks (http-api section 17). What both APIs have under one path is
 * with the main door: all-models, styles, generate_mask, and describe-image, which asks `describe.ts` for its forms.
 *
 * @param options.persistent whether `job-history` shows parameters and results too
 */
export const legacyDoor = (options: Readonly<{ persistent: boolean }>): FrontDoor => ({
  name: doorName,
  unknownNames: "replaced",
  fileStem: ({ id }) => hyphenated(id),
  webhookBody: (task) => writeJson(jobWebhook(task)),
  tags: [
    { name: "GenerateV1 (older)", description: "The legacy Fooocus-API: pictures come in forms" },
    { name: "GenerateV2 (older)", description: "The legacy Fooocus-API: pictures come in JSON" },
    { name: "Query (older)", description: "The legacy Fooocus-API: jobs" },
  ],
  keysOf: headerKeys,
  paths: { files: ["/files/"], changing: ["/v1/engines/clean_vram"] },
  refusalBody,
  routes: (parts) =>
    new Elysia({ name: "doors/legacy" })
      .use(generationRoutes(parts))
      .use(jobRoutes({ ...parts, ...options })),
});
