import { Elysia } from "elysia";
import type { GenerateRequest } from "#/api/generate.ts";
import { InvalidRequest } from "#/api/issues.ts";
import type { Json } from "#/api/json.ts";
import { readJson } from "#/api/read.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { type AddressBook, addressesFor, keptRequest, taskFor } from "#/routes/answers/addresses.ts";
import { ended } from "#/routes/answers/ended.ts";
import { firstPicture } from "#/routes/answers/pictures.ts";
import { plainBodyOf } from "#/routes/http/content-encoding.ts";
import { formValue } from "#/routes/http/fingerprint.ts";
import { formOf } from "#/routes/http/form.ts";
import { type Asked, idempotencyKey, replayed } from "#/routes/http/idempotency-key.ts";
import { convertedReply, jsonReply } from "#/routes/http/replies.ts";
import { requestIdOf } from "#/routes/http/request-id.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { SubmitOptions, Submitted } from "#/tasks/life-cycle/task-writer.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { legacyAnswer } from "./answer.ts";
import { formDefaults } from "./api/bodies.ts";
import { checkForm, readForm } from "./api/form.ts";
import { doorName, type LegacyJob } from "./api/job.ts";
import { passedOver, passedOverInForm } from "./api/passed-over.ts";
import { legacyField, toGenerateRequest } from "./api/to-generate.ts";
import { type LegacyWords, readLegacy } from "./api/words.ts";
import { detailOf, type LegacyRoute, legacyRoutes } from "./generation-table.ts";
import { finishReason, freshJob, jobResult, queueIsFull, refusedJob } from "./job.ts";

export type LegacyDependencies = Readonly<{
  tasks: Tasks;
  images: ImageStore;
  log: Log;
  addresses?: AddressBook;
  decoding?: DecodeGate;
}>;

/** The legacy API's ways to make pictures: the same tasks as FooocusAPI's, in other words. */
export const generationRoutes = (parts: LegacyDependencies) =>
  new Elysia({ name: "doors/legacy/generation" }).use(jsonRoutes(parts)).use(formRoutes(parts));

/** The bodies are read before the key is asked for, if they are small, and checked after: that is the contract's order. */
function jsonRoutes(parts: LegacyDependencies) {
  const app = new Elysia().derive(async ({ request }) => ({ json: await sentJson(request) }));
  for (const route of legacyRoutes.filter(({ form }) => !form)) {
    app.post(
      route.path,
      ({ request, json }): Promise<Response> =>
        legacyAnswer(request, parts.log, (seen) => {
          seen(json);
          const warnings = passedOver(route.schema, json);
          const said = { words: readLegacy(route.schema, json), warnings, body: json };
          return generated(route, request, said, parts);
        }),
      { parse: "none", detail: detailOf(route) },
    );
  }
  return app;
}

function formRoutes(parts: LegacyDependencies) {
  const app = new Elysia().derive(async ({ request }) => ({
    form: await formOf(request),
  }));
  for (const route of legacyRoutes.filter(({ form }) => form)) {
    app.post(
      route.path,
      ({ request, form }): Promise<Response> =>
        legacyAnswer(request, parts.log, async (seen) => {
          const read = await readForm(form, route.schema);
          seen(read.echo);
          const words = withFormDefaults(route, checkForm(route.schema, read));
          const warnings = passedOverInForm(route.schema, read);
          const body = request.headers.has("idempotency-key") ? await formValue(form) : null;
          return await generated(route, request, { words, warnings, body }, parts);
        }),
      { parse: "none", detail: detailOf(route) },
    );
  }
  return app;
}

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

/** A body that was read, and what of it was not. */
type Said = Readonly<{ words: LegacyWords; warnings: readonly string[] }> & Pick<Asked, "body">;

type ReplyKind = "image" | "async" | "sync";

async function generated(
  route: LegacyRoute,
  request: Request,
  said: Said,
  { tasks, images, decoding, addresses: book }: LegacyDependencies,
): Promise<Response> {
  const kind = replyKind(request, said.words);
  const addresses = addressesFor(request, book);
  const key = idempotencyKey(request, { path: route.path, single: kind === "image", body: said.body });
  const requestId = requestIdOf(request);
  const submit: Submit = (asked, options) =>
    tasks.submitOnce(keptRequest(asked, addresses), key, { ...options, requestId });
  const taken = await submitted(route, said, kind, submit);
  if (taken === undefined) return fullReply(kind, route.job);
  const { task, isReplay } = taken;
  const answer = async (): Promise<Response> => {
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
  };
  return replayed(await answer(), isReplay);
}

type Submit = (request: GenerateRequest, options: SubmitOptions) => Promise<Submitted>;

/** Only the exact text asks for the picture; a query parameter that is not empty wins over the header. */
function replyKind(request: Request, { async_process }: LegacyWords): ReplyKind {
  const asked = new URL(request.url).searchParams.get("accept") || request.headers.get("accept");
  if (asked === "image/png") return "image";
  return async_process === true ? "async" : "sync";
}

/** @returns the task, or undefined if too many wait; what is wrong is said in the legacy API's names */
async function submitted(
  { job, form }: LegacyRoute,
  { words, warnings }: Said,
  kind: ReplyKind,
  submit: Submit,
): Promise<Submitted | undefined> {
  const request = toGenerateRequest(job, words);
  try {
    return await submit(request, {
      door: { name: doorName, word: job },
      single: kind === "image",
      warnings,
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
  const path = await firstPicture(task, images);
  if (path !== undefined) return await convertedReply(path, "png", decoding);
  return finishReason(task) === "USER_CANCEL" ? plain("USER_CANCEL", 400) : plain("ERROR", 500);
}

const plain = (text: string, status: number): Response =>
  new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
