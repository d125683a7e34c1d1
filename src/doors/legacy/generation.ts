import { type TObject, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { InvalidRequest } from "#/api/issues.ts";
import type { Json } from "#/api/json.ts";
import { formRequest, jsonAnswer, jsonRequest, pictureContent, queryParameter } from "#/api/openapi.ts";
import { readJson } from "#/api/read.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { type AddressBook, addressesFor, keptRequest, taskFor } from "#/routes/answers/addresses.ts";
import { ended } from "#/routes/answers/ended.ts";
import { firstPicture } from "#/routes/answers/pictures.ts";
import { bodyOf } from "#/routes/http/body-limit.ts";
import { plainBodyOf } from "#/routes/http/content-encoding.ts";
import { formOf } from "#/routes/http/form.ts";
import { convertedReply, jsonReply } from "#/routes/http/replies.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { legacyAnswer } from "./answer.ts";
import { AsyncJobResponse, GeneratedImageResult } from "./api/answers.ts";
import { formBodies, formDefaults, jsonBodies } from "./api/bodies.ts";
import { checkForm, readForm } from "./api/form.ts";
import { doorName, type LegacyJob } from "./api/job.ts";
import { legacyField, toGenerateRequest } from "./api/to-generate.ts";
import { type LegacyWords, readLegacy } from "./api/words.ts";
import { finishReason, freshJob, jobResult, queueIsFull, refusedJob } from "./job.ts";

export type LegacyDependencies = Readonly<{
  tasks: Tasks;
  images: ImageStore;
  log: Log;
  addresses?: AddressBook;
  decoding?: DecodeGate;
}>;

/** A route of the legacy API: where it is, what it takes, and what its body is about. */
type LegacyRoute = Readonly<{
  path: string;
  job: LegacyJob;
  form: boolean;
  schema: TObject;
  operationId: string;
  summary: string;
}>;

/** One row of the table below; `operation` is how the legacy API's OpenAPI begins the route's id. */
const row = (
  path: string,
  job: LegacyJob,
  schema: TObject,
  [operation, summary]: readonly [operation: string, summary: string],
): LegacyRoute => ({
  path,
  job,
  form: path.startsWith("/v1") && job !== "text-to-image",
  schema,
  operationId: `${operation}${path.replaceAll(/[/-]/g, "_")}_post`,
  summary,
});

const textAlone = ["text2img_generation", "Text to image"] as const;
const uov = ["img_upscale_or_vary", "Upscale or vary a picture"] as const;
const inpaint = ["img_inpaint_or_outpaint", "Repaint a part, or extend a picture"] as const;
const prompted = ["img_prompt", "Pictures as prompts"] as const;
const enhance = ["img_enhance", "Enhance regions of a picture"] as const;
const withPrompts = ["text_to_img_with_ip", "Text to image with image prompts"] as const;

const v1 = "/v1/generation";
const v2 = "/v2/generation";
const { textToImage, textToImageWithPrompts } = jsonBodies;

const legacyRoutes: readonly LegacyRoute[] = [
  row(`${v1}/text-to-image`, "text-to-image", textToImage, textAlone),
  row(`${v2}/text-to-image-with-ip`, "text-to-image", textToImageWithPrompts, withPrompts),
  row(`${v1}/image-upscale-vary`, "upscale-vary", formBodies.upscaleVary, uov),
  row(`${v2}/image-upscale-vary`, "upscale-vary", jsonBodies.upscaleVary, uov),
  row(`${v1}/image-inpaint-outpaint`, "inpaint-outpaint", formBodies.inpaintOutpaint, inpaint),
  row(`${v2}/image-inpaint-outpaint`, "inpaint-outpaint", jsonBodies.inpaintOutpaint, inpaint),
  row(`${v1}/image-prompt`, "image-prompt", formBodies.imagePrompt, prompted),
  row(`${v2}/image-prompt`, "image-prompt", jsonBodies.imagePrompt, prompted),
  row(`${v1}/image-enhance`, "enhance", formBodies.enhance, enhance),
  row(`${v2}/image-enhance`, "enhance", jsonBodies.enhance, enhance),
];

/** The legacy API's ways to make pictures: the same tasks as FooocusAPI's, in other words. */
export const generationRoutes = (parts: LegacyDependencies) =>
  new Elysia({ name: "routes/legacy/generation" }).use(jsonRoutes(parts)).use(formRoutes(parts));

/** The bodies are read before the key is asked for, if they are small, and checked after: that is the contract's order. */
function jsonRoutes(parts: LegacyDependencies) {
  const app = new Elysia().derive(async ({ request }) => ({ json: await sentJson(request) }));
  for (const route of legacyRoutes.filter(({ form }) => !form)) {
    app.post(
      route.path,
      ({ request, json }): Promise<Response> =>
        legacyAnswer(request, parts.log, (seen) => {
          seen(json);
          return generated(route, request, readLegacy(route.schema, json), parts);
        }),
      { parse: "none", detail: detailOf(route) },
    );
  }
  return app;
}

function formRoutes(parts: LegacyDependencies) {
  const app = new Elysia().derive(async ({ request }) => ({
    form: await formOf(request, () => bodyOf(request)),
  }));
  for (const route of legacyRoutes.filter(({ form }) => form)) {
    app.post(
      route.path,
      ({ request, form }): Promise<Response> =>
        legacyAnswer(request, parts.log, async (seen) => {
          const read = await readForm(form, route.schema);
          seen(read.echo);
          return await generated(
            route,
            request,
            withFormDefaults(route, checkForm(route.schema, read)),
            parts,
          );
        }),
      { parse: "none", detail: detailOf(route) },
    );
  }
  return app;
}

const acceptSchema = Type.String({
  description: "Overrides the Accept header; image/png asks for the picture itself.",
});

/** What OpenAPI says of a route. */
const detailOf = ({ path, form, schema, operationId, summary }: LegacyRoute) => ({
  tags: [path.startsWith(v1) ? "GenerateV1 (older)" : "GenerateV2 (older)"],
  operationId,
  summary,
  parameters: [queryParameter("accept", acceptSchema)],
  requestBody: form ? formRequest(schema) : jsonRequest(schema),
  responses: { 200: generationAnswer },
});

const generationAnswer = {
  description: "The results, or the job with `async_process`, or the first picture with `image/png`.",
  content: {
    ...jsonAnswer(Type.Union([Type.Array(GeneratedImageResult), AsyncJobResponse])).content,
    "image/png": pictureContent["image/png"] ?? {},
  },
};

/** Bytes of a text that is no JSON that are shown: more than the answer keeps of it. */
const mostShown = 64 * 1024;

/** @throws InvalidRequest that shows the text, for what is no JSON; UndecodableBody */
async function sentJson(request: Request): Promise<Json> {
  const bytes = await plainBodyOf(request);
  try {
    return readJson(bytes, request.headers.get("content-type"));
  } catch (thrown) {
    if (!(thrown instanceof InvalidRequest)) throw thrown;
    throw new InvalidRequest(thrown.issues, new TextDecoder().decode(bytes.subarray(0, mostShown)));
  }
}

const withFormDefaults = ({ schema }: LegacyRoute, words: LegacyWords): LegacyWords => ({
  ...Object.fromEntries(
    Object.entries(formDefaults).filter(([field]) => Object.hasOwn(schema.properties, field)),
  ),
  ...words,
});

type ReplyKind = "image" | "async" | "sync";

async function generated(
  route: LegacyRoute,
  request: Request,
  words: LegacyWords,
  { tasks, images, decoding, addresses: book }: LegacyDependencies,
): Promise<Response> {
  const kind = replyKind(request, words);
  const addresses = addressesFor(request, book);
  const submit: Tasks["submit"] = (asked, options) => tasks.submit(keptRequest(asked, addresses), options);
  const task = await submitted(route, words, kind, { submit });
  if (task === undefined) return fullReply(kind, route.job);
  switch (kind) {
    case "async":
      return jsonReply(freshJob(task));
    case "sync":
      return jsonReply(
        await jobResult(taskFor(await ended(tasks, task.id, request.signal), addresses), images),
      );
    case "image":
      return await firstImage(await ended(tasks, task.id, request.signal), images, decoding);
  }
}

/** Only the exact text asks for the picture; a query parameter that is not empty wins over the header. */
function replyKind(request: Request, { async_process }: LegacyWords): ReplyKind {
  const asked = new URL(request.url).searchParams.get("accept") || request.headers.get("accept");
  if (asked === "image/png") return "image";
  return async_process === true ? "async" : "sync";
}

/** @returns the task, or undefined if too many wait; what is wrong is said in the legacy API's names */
async function submitted(
  { job, form }: LegacyRoute,
  words: LegacyWords,
  kind: ReplyKind,
  tasks: Pick<Tasks, "submit">,
): Promise<Task | undefined> {
  const request = toGenerateRequest(job, words);
  try {
    return await tasks.submit(request, {
      door: { name: doorName, word: job },
      single: kind === "image",
    });
  } catch (thrown) {
    if (!(thrown instanceof RequestError)) throw thrown;
    if (thrown.code === "queue-full") return undefined;
    const { field } = thrown.details;
    if (typeof field !== "string") throw thrown;
    const legacy = legacyField(field, form);
    const message = thrown.message.replaceAll(field, legacy);
    throw new RequestError(thrown.code, message, { ...thrown.details, field: legacy }, thrown);
  }
}

function fullReply(kind: ReplyKind, job: LegacyJob): Response {
  switch (kind) {
    case "async":
      return jsonReply(refusedJob(job));
    case "sync":
      return jsonReply(queueIsFull);
    case "image":
      return plain("QUEUE_IS_FULL", 409);
  }
}

async function firstImage(
  task: Task,
  images: ImageStore,
  decoding: DecodeGate | undefined,
): Promise<Response> {
  const path = firstPicture(task, images);
  if (path !== undefined) return await convertedReply(path, "png", decoding);
  return finishReason(task) === "USER_CANCEL" ? plain("USER_CANCEL", 400) : plain("ERROR", 500);
}

const plain = (text: string, status: number): Response =>
  new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
