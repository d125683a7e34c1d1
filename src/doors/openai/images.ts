import { Elysia } from "elysia";
import { InvalidRequest } from "#/api/issues.ts";
import { isJsonObject, type Json } from "#/api/json.ts";
import { readJson, UndecodableBody } from "#/api/read.ts";
import { isRequestCode } from "#/lib/errors.ts";
import { addressesFor, eventsFor, taskFor } from "#/routes/answers/addresses.ts";
import { ended } from "#/routes/answers/ended.ts";
import type { DoorParts } from "#/routes/door.ts";
import { plainBodyOf } from "#/routes/http/content-encoding.ts";
import { errorReply } from "#/routes/http/errors.ts";
import { formValue } from "#/routes/http/fingerprint.ts";
import { formOf, isMultipart } from "#/routes/http/form.ts";
import { idempotencyKey, replayed } from "#/routes/http/idempotency-key.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { requestIdOf } from "#/routes/http/request-id.ts";
import { failureOf, imagesAnswer } from "./answer.ts";
import { readEditForm } from "./api/edit-form.ts";
import { picturesInJson } from "./api/edit-pictures.ts";
import { pictureForm } from "./api/picture-form.ts";
import { readWords } from "./api/read-words.ts";
import { imageStream } from "./event-stream.ts";
import { editDetail, generationDetail } from "./images-detail.ts";
import { failureBody, openAiRefusals } from "./refusal-body.ts";
import { type Asked, submitted } from "./submit.ts";

const paths = { generation: "/v1/images/generations", edit: "/v1/images/edits" } as const;

/** Pictures from words, and from pictures. The bodies are read before the key is asked for, and checked after it. */
export const imagesRoutes = (parts: DoorParts) =>
  new Elysia({ name: "doors/openai/images" })
    .use(
      new Elysia()
        .derive(async ({ request }) => ({ json: await jsonOf(request) }))
        .post(
          paths.generation,
          async ({ request, json }): Promise<Response> =>
            await answered(request, json, { job: "generation", said: readWords("generation", json) }, parts),
          { parse: "none", detail: generationDetail },
        ),
    )
    .use(
      new Elysia()
        .derive(async ({ request }) => ({
          sent: isMultipart(request)
            ? await formOf(request, () => plainBodyOf(request))
            : await jsonOf(request),
        }))
        .post(
          paths.edit,
          async ({ request, sent }): Promise<Response> => {
            const isForm = sent instanceof FormData;
            const { pictures, rest } = isForm ? await readEditForm(sent) : picturesInJson(objectOf(sent));
            const isKeyed = request.headers.has("idempotency-key");
            const body = isForm ? (isKeyed ? await formValue(sent) : null) : sent;
            return await answered(
              request,
              body,
              { job: "edit", said: readWords("edit", rest), pictures },
              parts,
            );
          },
          { parse: "none", detail: editDetail },
        ),
    );

/** @throws UndecodableBody for a form: there is nothing to send as a file */
async function jsonOf(request: Request): Promise<Json> {
  if (isMultipart(request))
    throw new UndecodableBody(
      "This route takes JSON, not a form: send it with Content-Type: application/json.",
    );
  return readJson(await plainBodyOf(request), request.headers.get("content-type"));
}

function objectOf(body: Json) {
  if (isJsonObject(body)) return body;
  const msg = "The body should be a JSON object, or a form with Content-Type: multipart/form-data";
  throw new InvalidRequest([{ type: "model_attributes_type", loc: ["body"], msg, input: body }]);
}

/** @param body what decides whether a request under the same key is the same one */
async function answered(request: Request, body: Json, asked: Asked, parts: DoorParts): Promise<Response> {
  const { words, warnings } = asked.said;
  const { form, warnings: ofForm } = pictureForm(words);
  const addresses = addressesFor(request, parts.addresses);
  const order = {
    form,
    addresses,
    key: idempotencyKey(request, { path: paths[asked.job], single: false, body }),
    requestId: requestIdOf(request),
  };
  const said = { ...asked.said, warnings: [...warnings, ...ofForm] };
  const { task, isReplay } = await submitted({ ...asked, said }, order, parts);
  if (words.stream === true) {
    const events = eventsFor(parts.tasks.watch(task.id, request.signal), addresses);
    const streamed = { job: asked.job, task, form, partials: words.partial_images ?? 0 };
    return replayed(imageStream(events, streamed, parts), isReplay);
  }
  try {
    const over = taskFor(await ended(parts.tasks, task.id, request.signal), addresses);
    const failure = failureOf(over);
    const answer =
      failure === undefined
        ? jsonReply(await imagesAnswer(over, form, parts))
        : notAgain(jsonReply(failureBody(failure), isRequestCode(failure.code) ? 400 : 500));
    return replayed(answer, isReplay);
  } catch (thrown) {
    return notAgain(errorReply(thrown, parts.log, openAiRefusals, order.requestId));
  }
}

/** OpenAI's clients send again what failed. There is a task already, and another one would fail as well. */
function notAgain(refusal: Response): Response {
  refusal.headers.set("x-should-retry", "false");
  refusal.headers.delete("retry-after");
  return refusal;
}
