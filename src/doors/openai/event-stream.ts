import { AppError, EngineError, RequestError, toWireError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { serverSent } from "#/routes/http/server-sent.ts";
import type { LiveEvent } from "#/tasks/life-cycle/events.ts";
import type { TaskImage } from "#/tasks/life-cycle/task.ts";
import { stopped } from "./answer.ts";
import { completedMessage, failureMessage, partialMessage, type Streamed } from "./event-messages.ts";
import { PartialPictures } from "./partial-pictures.ts";
import type { PictureParts } from "./picture-data.ts";
import { type Failure, unexpected } from "./refusal-body.ts";

type Parts = PictureParts & Readonly<{ log: Log }>;

/**
 * A task's events as OpenAI's event stream: partial pictures, each picture as soon as it is made, the last one with what the
 * task's warnings say. What goes wrong is an event, for the status is said by then. A client that goes away ends the watching,
 * never the task.
 */
export const imageStream = (events: AsyncIterable<LiveEvent>, streamed: Streamed, parts: Parts): Response =>
  serverSent(withFailures(messagesOf(events, streamed, parts), parts.log), () => ": ping\n\n");

/** Whatever is thrown is told: a stream that only breaks off says nothing. */
async function* withFailures(
  messages: AsyncIterable<string>,
  log: Log,
): AsyncGenerator<string, void, undefined> {
  try {
    yield* messages;
  } catch (thrown) {
    const isKnown = thrown instanceof AppError && thrown.code !== "bug";
    if (!isKnown) log.error("a stream failed unexpectedly", { error: String(thrown) });
    yield failureMessage(isKnown ? toWireError(thrown) : unexpected);
  }
}

async function* messagesOf(
  events: AsyncIterable<LiveEvent>,
  streamed: Streamed,
  parts: Parts,
): AsyncGenerator<string, void, undefined> {
  const { task } = streamed;
  const shown = new PartialPictures(streamed.partials);
  const asked = Number(task.request["image_number"]);
  const told = new Set<number>();
  let last: TaskImage | undefined;
  for await (const event of events) {
    for (const image of picturesIn(event)) {
      if (told.has(image.index)) continue;
      told.add(image.index);
      // The last one waits for the end of its task, which comes right behind, and knows all that is to be told.
      if (told.size >= asked) last = image;
      else yield await completedMessage(image, task.warnings, streamed, parts);
    }
    if (event.type === "progress" && event.preview !== null && event.moment.now === "step") {
      const index = shown.due(event.image, event.step, event.moment.of);
      const partial = index === undefined ? undefined : await partialMessage(event.preview, index, streamed);
      if (partial !== undefined) yield partial;
    }
    const end = endOf(event);
    if (end === undefined) continue;
    if (last !== undefined) yield await completedMessage(last, end.warnings, streamed, parts);
    if (end.error !== null) yield failureMessage(end.error);
    else if (told.size < asked) throw stopped(task, told.size);
    return;
  }
  throw new RequestError("conflict", `The task ${task.id} was deleted before it had ended.`);
}

/** The pictures that an event tells of. */
function picturesIn(event: LiveEvent): readonly TaskImage[] {
  if (event.type === "image") return [event.image];
  if (event.type !== "snapshot" || event.task.state.status === "pending") return [];
  return event.task.state.images;
}

type End = Readonly<{ error: Failure | null; warnings: readonly string[] }>;

/** How a task ended, or why nobody will hear of its end. */
function endOf(event: LiveEvent): End | undefined {
  switch (event.type) {
    case "settled":
      return event;
    case "snapshot": {
      const { state, warnings } = event.task;
      return state.status === "settled" ? { error: state.error, warnings } : undefined;
    }
    case "closing":
      return { error: toWireError(new EngineError("interrupted", event.message)), warnings: [] };
    default:
      return undefined;
  }
}
