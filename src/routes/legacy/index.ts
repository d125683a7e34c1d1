import { Elysia } from "elysia";
import { generationRoutes } from "./generation.ts";
import { type JobDependencies, jobRoutes } from "./jobs.ts";

/**
 * The older Fooocus-API as a layer over the same tasks (http-api section 17). What both APIs have under one path is
 * with the newer one: all-models, styles, generate_mask, and describe-image, which asks `describe.ts` for its forms.
 */
export const legacyRoutes = (parts: JobDependencies) =>
  new Elysia({ name: "routes/legacy" }).use(generationRoutes(parts)).use(jobRoutes(parts));
