import type { JsonObject } from "#/api/json.ts";
import type { EngineState } from "#/engine/engine.ts";
import { clientSentence } from "#/lib/client-sentence.ts";
import { dataUri } from "#/lib/data-uri.ts";
import type { LiveEvent, NamedEngineState, TaskEvent } from "#/tasks/life-cycle/events.ts";
import type { Preview } from "#/tasks/life-cycle/task.ts";
import { recordNow } from "../record.ts";
import { ownSentenceOf } from "../sentence.ts";

/** An event as readers of the live channel see it, keys in one order everywhere. */
export function wireEvent(event: LiveEvent): JsonObject {
  const head = { seq: event.seq, task_id: event.taskId, at: event.at, type: event.type };
  switch (event.type) {
    case "queued":
      return { ...head, position: event.position, ahead: event.ahead, label: event.label };
    case "started":
      return { ...head, attempt: event.attempt };
    case "progress": {
      const { percent, stage, image, images, step, steps, etaMs } = event;
      const where = { progress: percent, stage, image, images, step, steps };
      return { ...head, ...where, message: ownSentenceOf(event), eta_ms: etaMs };
    }
    case "image": {
      // Where nobody looked it is unknown, which is not "none".
      const { url, seed, width, height, nsfw = null } = event.image;
      return { ...head, index: event.index, url, seed: seedOf(seed), width, height, nsfw };
    }
    case "settled": {
      const { status, result, error, warnings, timings } = event;
      return { ...head, status, result, error, timings, ...(warnings.length === 0 ? {} : { warnings }) };
    }
    case "snapshot":
      return { ...head, record: recordNow(event.task) };
    case "engine":
      return { ...head, ...wireEngine(event.engine), ...wireEngines(event.engines) };
    case "queue":
      return { ...head, pending: event.pending, paused: event.paused };
    case "removed":
      return { ...head, tasks: event.tasks };
    case "starred":
      return { ...head, tasks: event.tasks, starred: event.starred };
    case "closing":
      return { ...head, message: event.message };
  }
}

/** What the engine is doing, on which device and why not on a better one, and what is resident in it. */
export const wireEngine = ({ state, device, refused, loaded }: EngineState): JsonObject => ({
  state,
  device,
  refused: refused.map(({ device: preferred, reason }) => ({
    device: preferred,
    reason: clientSentence({ code: "provider-missing", message: reason, details: {} }),
  })),
  loaded: loaded.map(({ name, bytes }) => ({ name, bytes })),
});

/** How each is, where there are several; the first keys say the same of all as of one. */
export const wireEngines = (engines: readonly NamedEngineState[]): JsonObject =>
  engines.length < 2 ? {} : { engines: engines.map(({ name, state, device }) => ({ name, state, device })) };

/** A number with all its digits; null for a picture that no seed made, such as a grid. */
const seedOf = (digits: string): bigint | null => (digits === "" ? null : BigInt(digits));

/** A step that has a picture. */
export type PreviewEvent = Extract<TaskEvent, { type: "progress" }> & { readonly preview: Preview };

export const hasPreview = (event: LiveEvent): event is PreviewEvent =>
  event.type === "progress" && event.preview !== null;

const mime = "image/webp";

/** What is said of a preview; `seq` is that of the step it belongs to. */
const previewHead = ({ seq, taskId, image, step, steps, preview }: PreviewEvent) => {
  const { width, height } = preview;
  return { seq, task_id: taskId, image, step, steps, width, height, mime };
};

/** Version and kind of a binary frame; two bytes of zero and the header's length follow. */
const frameStart = [1, 1, 0, 0];

/** A preview as a binary frame: 8 bytes, the header as JSON, the picture as WebP. Nothing where it is gone. */
export async function previewFrame(event: PreviewEvent): Promise<Uint8Array | undefined> {
  const picture = await event.preview.webp();
  if (picture === undefined) return undefined;
  const header = new TextEncoder().encode(JSON.stringify(previewHead(event)));
  const frame = new Uint8Array(8 + header.length + picture.length);
  frame.set(frameStart);
  new DataView(frame.buffer).setUint32(4, header.length, true);
  frame.set(header, 8);
  frame.set(picture, 8 + header.length);
  return frame;
}

/** A preview as an event of its own, for readers of text. Nothing where it is gone. */
export async function previewEvent(event: PreviewEvent): Promise<JsonObject | undefined> {
  const picture = await event.preview.webp();
  if (picture === undefined) return undefined;
  const { seq, task_id, ...facts } = previewHead(event);
  const url = dataUri(mime, picture);
  return { seq, task_id, at: event.at, type: "preview", ...facts, url };
}
