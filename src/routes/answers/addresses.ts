import type { GenerateRequest } from "#/api/generate.ts";
import type { Json, JsonObject } from "#/api/json.ts";
import { imageFields } from "#/api/stored.ts";
import type { LiveEvent } from "#/tasks/life-cycle/events.ts";
import type { Task, TaskImage } from "#/tasks/life-cycle/task.ts";

/** Where the server's addresses begin, without a slash at the end. */
export type AddressBook = Readonly<{
  /** What is kept with a task where the operator named nothing: where the server listens. */
  listening: () => string;
  /** What the operator calls it (`base_url`); undefined leaves it to each client. */
  named: () => string | undefined;
}>;

/**
 * Addresses for one client. Under which name a server is reached is known to its clients alone, unless its operator says
 * it: so each is answered under the name that it asked. A Host header is a client's word; what is kept, and what webhooks
 * and all other clients are given, does not depend on it.
 */
export type Addresses = Readonly<{
  /** Start of what this client is given. */
  base: string;
  /** An address as it is kept, for this client. */
  shown: (url: string) => string;
  /** The same of a picture that was made, which is ours whatever the server was called, and wherever it listened, at that time. */
  picture: (url: string) => string;
  /** An address that this client was given, as it is kept. */
  kept: (url: string) => string;
}>;

/** Names and addresses with a port, and nothing that would end a host in a URL. */
const plainHost = /^(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9._-]{0,252}[a-z0-9_.])?)(?::\d{1,5})?$/i;

const folders = ["/outputs/", "/inputs/", "/files/"];

/** Ends of kept addresses that only this server gives: a picture that was made, and an input, which is named by its hash. */
const madePicture = /^https?:\/\/[^?#]*(\/(?:outputs|files)\/[^/?#]+\/[^/?#]+)$/i;
const keptInput = /^https?:\/\/[^?#]*(\/inputs\/[0-9a-f]{64}\.[a-z]+)$/;

/** @param book none gives every address as it is kept */
export function addressesFor(request: Request, book: AddressBook | undefined): Addresses {
  if (book === undefined) return { base: "", shown: (url) => url, picture: (url) => url, kept: (url) => url };
  const listening = book.listening();
  const base = book.named() ?? askedBase(request) ?? listening;
  const moved = (url: string, from: string, to: string): string =>
    folders.some((folder) => url.startsWith(from + folder)) ? to + url.slice(from.length) : url;
  return {
    base,
    shown: (url) => moved(ofToday(url, keptInput, listening), listening, base),
    picture: (url) => moved(ofToday(url, madePicture, listening), listening, base),
    kept: (url) => moved(url, base, book.named() ?? listening),
  };
}

/** An address that was kept when the server listened elsewhere, or was called otherwise, as it is kept now. */
function ofToday(url: string, ours: RegExp, listening: string): string {
  const path = ours.exec(url)?.[1];
  return path === undefined ? url : listening + path;
}

/** A proxy that ends TLS says so; nothing else is taken from one. */
function askedBase({ headers }: Request): string | undefined {
  const host = headers.get("host") ?? "";
  if (!plainHost.test(host)) return undefined;
  const secure = headers.get("x-forwarded-proto")?.split(",")[0]?.trim() === "https";
  return `${secure ? "https" : "http"}://${host}`;
}

/** A task with its addresses for one client: those of its pictures, and of the pictures its request brought. */
export function taskFor(task: Task, { shown, picture }: Addresses): Task {
  const { state } = task;
  const images = (of: readonly TaskImage[]) => of.map((image) => ({ ...image, url: picture(image.url) }));
  return {
    ...task,
    request: requestFor(task.request, shown),
    state: state.status === "pending" ? state : { ...state, images: images(state.images) },
  };
}

function requestFor(request: JsonObject, shown: Addresses["shown"]): JsonObject {
  const changed: Record<string, Json> = {};
  for (const field of imageFields) {
    const url = request[field];
    if (typeof url === "string") changed[field] = shown(url);
  }
  const slots = request["controlnet_image"];
  if (Array.isArray(slots)) {
    changed["controlnet_image"] = slots.map((slot: Json) => {
      if (typeof slot !== "object" || slot === null || !("cn_img" in slot)) return slot;
      return typeof slot.cn_img === "string" ? { ...slot, cn_img: shown(slot.cn_img) } : slot;
    });
  }
  return { ...request, ...changed };
}

/** An event with its addresses for one client. */
export function eventFor(event: LiveEvent, addresses: Addresses): LiveEvent {
  switch (event.type) {
    case "image":
      return { ...event, image: { ...event.image, url: addresses.picture(event.image.url) } };
    case "settled":
      return { ...event, result: event.result.map(addresses.picture) };
    case "snapshot":
      return { ...event, task: taskFor(event.task, addresses) };
    case "queued":
    case "started":
    case "progress":
    case "engine":
    case "queue":
    case "removed":
    case "starred":
    case "closing":
      return event;
  }
}

/** The same of a stream of them. */
export async function* eventsFor(
  events: AsyncIterable<LiveEvent>,
  addresses: Addresses,
): AsyncGenerator<LiveEvent, void, undefined> {
  for await (const event of events) yield eventFor(event, addresses);
}

/** A request with the addresses of our own pictures as they are kept: they are read from disk, under whatever name. */
export function keptRequest(request: GenerateRequest, { kept }: Addresses): GenerateRequest {
  const changed: { [K in (typeof imageFields)[number] | "controlnet_image"]?: GenerateRequest[K] } = {};
  for (const field of imageFields) {
    const url = request[field];
    if (typeof url === "string") changed[field] = kept(url);
  }
  if (request.controlnet_image !== undefined) {
    changed.controlnet_image = request.controlnet_image.map((slot) =>
      typeof slot.cn_img === "string" ? { ...slot, cn_img: kept(slot.cn_img) } : slot,
    );
  }
  return { ...request, ...changed };
}
