import { asciiJson } from "#/api/json.ts";
import { dataUri } from "#/lib/data-uri.ts";
import { serverSent } from "#/routes/http/server-sent.ts";
import type { LiveEvent } from "#/tasks/life-cycle/events.ts";
import { paced } from "./paced.ts";
import { sentenceOf } from "./sentence.ts";

/**
 * The reference looks for the newest event this often, in milliseconds, and its sample page relies on it: it takes what
 * one read brings for one event.
 */
const pace = 200;

/**
 * A task's events as the reference's event stream: one JSON object and an empty data line an event, `Finished` last
 * (or why not: `error` says it), a ping every 15 s. Events are 200 ms apart, and progress that waits gives way to newer progress. A client that goes
 * away ends the watching, never the task.
 */
export const eventStream = (events: AsyncIterable<LiveEvent>): Response =>
  serverSent(messagesOf(events), () => pingLine(new Date()));

async function* messagesOf(events: AsyncIterable<LiveEvent>): AsyncGenerator<string, void, undefined> {
  const isReplaceable = ({ type }: LiveEvent): boolean => type === "progress";
  let percent = 0;
  for await (const event of paced(told(events), { milliseconds: pace, isReplaceable })) {
    if (event.type === "progress") percent = event.percent;
    const text = await messageOf(event, percent);
    if (text !== undefined) yield `data: ${text}\r\ndata: \r\n\r\n`;
  }
}

/** Only what this stream has words for, so that nothing else stands between two progress events. */
async function* told(events: AsyncIterable<LiveEvent>): AsyncGenerator<LiveEvent, void, undefined> {
  for await (const event of events) if (!silent.includes(event.type) && !isOurs(event)) yield event;
}

/** The reference says nothing between the last step and saving, nor of parts of texts and pictures. */
function isOurs(event: LiveEvent): boolean {
  if (event.type !== "progress") return false;
  const { moment } = event;
  switch (moment.now) {
    case "decoding":
    case "part":
      return true;
    case "upscaling":
    case "latent":
      return moment.done > 0;
    default:
      return false;
  }
}

const silent: readonly LiveEvent["type"][] = [
  "queued",
  "started",
  "image",
  "snapshot",
  "engine",
  "queue",
  "starred",
];

/** UTC with microseconds, as Python prints it. */
const pingLine = (now: Date): string =>
  `: ping - ${now.toISOString().replace("T", " ").replace("Z", "000+00:00")}\r\n\r\n`;

/** @param percent what was reached so far */
async function messageOf(event: LiveEvent, percent: number): Promise<string | undefined> {
  if (event.type === "progress") {
    const png = await event.preview?.png();
    const preview = png === undefined ? null : dataUri("image/png", png);
    return streamJson({ progress: event.percent, preview, message: sentenceOf(event), images: [] });
  }
  if (event.type === "closing") {
    const text = streamJson({ progress: percent, preview: null, message: event.message, images: [] });
    return withKeys(text, [`"error": ${asciiJson("interrupted")}`]);
  }
  if (event.type === "settled") {
    const { error, result, warnings } = event;
    const message = error === null ? "Finished" : error.message;
    const text = streamJson({ progress: 100, preview: null, message, images: result });
    const added = [
      ...(error === null ? [] : [`"error": ${asciiJson(error.code)}`]),
      ...(warnings.length === 0 ? [] : [`"warnings": [${warnings.map(asciiJson).join(", ")}]`]),
    ];
    return withKeys(text, added);
  }
  return undefined;
}

/** The message with keys that the reference does not have, behind its own. */
const withKeys = (text: string, added: readonly string[]): string =>
  added.length === 0 ? text : `${text.slice(0, -1)}, ${added.join(", ")}}`;

type StreamMessage = Readonly<{
  progress: number;
  preview: string | null;
  message: string;
  images: readonly string[];
}>;

/** Python's `json.dumps`: a blank after commas and colons, everything in ASCII. */
function streamJson({ progress, preview, message, images }: StreamMessage): string {
  const list = `[${images.map(asciiJson).join(", ")}]`;
  return `{"progress": ${progress}, "preview": ${asciiJson(preview)}, "message": ${asciiJson(message)}, "images": ${list}}`;
}
