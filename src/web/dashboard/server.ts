import { type Choices, choicesOf, type Description, describedBy } from "./choices.ts";
import { complaintsOf, Refused } from "./complaint.ts";
import { type FleetState, fleetOf } from "./fleet/fleet-state.ts";
import { localUrl } from "./local-url.ts";
import { ofTab } from "./storage.ts";
import { isObject, textOf } from "./values.ts";
import { parseJson, type TaskRecord } from "./wire.ts";

/** The server refused for want of a key. */
export class Locked extends Error {}

/** There is no server now, or no way to it. */
export class Unanswered extends Error {}

/** The server does not have this address. */
export class Missing extends Error {}

/** The waiting line: ids in their order. */
export type QueueState = Readonly<{ pending: readonly string[]; paused: boolean }>;

/** What a picture's file tells: in which scheme, the request that it is, and what of it could not be told or is not there. */
export type ReadMetadata = Readonly<{
  scheme: string;
  request: Readonly<Record<string, unknown>>;
  warnings: readonly string[];
}>;

/** The HTTP side of the server, with the key when there is one. Addresses are relative, so a path prefix is kept. */
export class Server {
  #key = ofTab.read("fooocusd-key") ?? "";

  get key(): string {
    return this.#key;
  }

  /** Kept until the tab is closed. */
  useKey(key: string): void {
    this.#key = key;
    ofTab.write("fooocusd-key", key);
  }

  /** @throws Unanswered without a server, Locked for 401 and 403, Refused with the server's own words for the rest */
  async ask(path: string, init: RequestInit = {}): Promise<unknown> {
    const answer = await this.open(path, init);
    return parseJson(await answer.text());
  }

  /** The answer as it comes, for streams and pictures. */
  async open(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#key !== "") headers.set("X-API-KEY", this.#key);
    const answer = await fetch(path, { ...init, headers }).catch((error: unknown) => {
      // A browser's own words for it say nothing of the server; one that was given up is none.
      if (error instanceof TypeError)
        throw new Unanswered("The server does not answer. Try again when it does.");
      throw error;
    });
    if (answer.status === 401 || answer.status === 403) throw new Locked("The server asks for a key.");
    if (answer.status === 404) throw new Missing(`The server has no ${path}.`);
    if (!answer.ok)
      throw new Refused(complaintsOf(await answer.json().catch(() => undefined), answer.status));
    return answer;
  }

  /** A picture's file, by whatever address the server gave it. */
  async picture(address: string): Promise<Blob> {
    return await (await this.open(localUrl(address))).blob();
  }

  /** The newest finished tasks and the first of the waiting ones, so many of them, and the one at hand. */
  async lists(most: number): Promise<Record<"history" | "pending" | "current", readonly TaskRecord[]>> {
    const [history, pending, current] = await Promise.all(
      (["history", "pending", "current"] as const).map(async (query) => {
        const answer = await this.ask(`tasks?query=${query}&page=0&page_size=${most}`);
        return isObject(answer) ? records(answer[query]) : [];
      }),
    );
    return { history: history ?? [], pending: pending ?? [], current: current ?? [] };
  }

  /** A task's record, as soon as it has ended or so many seconds are over. */
  async record(id: string, seconds: number): Promise<TaskRecord | undefined> {
    return records([await this.ask(`tasks/${id}?wait=${seconds}`)])[0];
  }

  /** Deletes a task with its pictures, also while the page is left. */
  async remove(id: string): Promise<void> {
    await this.ask(`tasks/${id}?stop=true`, { method: "DELETE", keepalive: true });
  }

  /** Gives a task a star, or takes it away. */
  async star(id: string, starred: boolean): Promise<void> {
    await this.ask(`tasks/${id}/star`, { method: starred ? "PUT" : "DELETE" });
  }

  /** Steers the waiting line. @returns its ids in order, and whether it is paused */
  async queue(wish?: Readonly<Record<string, unknown>>): Promise<QueueState> {
    const headers = { "content-type": "application/json" };
    const init = wish === undefined ? {} : { method: "POST", headers, body: JSON.stringify(wish) };
    const answer = await this.ask("v1/queue", init);
    const pending: unknown = isObject(answer) ? answer["pending"] : [];
    return {
      pending: Array.isArray(pending) ? texts(pending) : [],
      paused: isObject(answer) && answer["paused"] === true,
    };
  }

  /** The workers of its fleet, and what waits for none of them; undefined for a server that is in none. */
  async fleet(): Promise<FleetState | undefined> {
    try {
      return fleetOf(await this.ask("v1/fleet"));
    } catch (error) {
      if (error instanceof Missing) return undefined;
      throw error;
    }
  }

  /** Tells a worker of the fleet something: pause, resume, drain, remove. */
  async steer(worker: string, word: string): Promise<void> {
    await this.ask(`v1/fleet/${encodeURIComponent(worker)}/${word}`, { method: "POST" });
  }

  async prompt(id: string): Promise<string> {
    const [record] = records([await this.ask(`tasks/${id}`)]);
    return typeof record?.req_params["prompt"] === "string" ? record.req_params["prompt"] : "";
  }

  /** The size number that the server's own checkpoint brings pictures to; undefined for a server that does not say. */
  async workingSize(): Promise<number | undefined> {
    const answer = await this.ask("dashboard/sizes").catch(() => undefined);
    return (isObject(answer) ? numberOrNull(answer["size_number"]) : null) ?? undefined;
  }

  /**
   * What a request may say, and what it means where it says nothing.
   *
   * @param said what chooses other values: a preset, a model; empty: none
   * @throws Refused where such a request would be
   */
  async choices(said: Readonly<{ preset: string; base_model_name: string }>): Promise<Choices> {
    return choicesOf(await this.ask(`v1/engines/choices?${new URLSearchParams(said)}`));
  }

  /** What its schemas say of their fields. */
  async description(): Promise<Description> {
    return describedBy(await this.ask("openapi.json"));
  }

  /**
   * What a picture shows, in words.
   *
   * @param image as a request carries one
   */
  async describe(image: string, type: "Photo" | "Anime"): Promise<string> {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ image, image_type: type });
    const answer = await this.ask("v1/tools/describe-image", { method: "POST", headers, body });
    return isObject(answer) ? textOf(answer["describe"]) : "";
  }

  /**
   * What a picture's file tells of its making, as a request that makes it again.
   *
   * @returns undefined where it tells nothing
   */
  async metadata(file: Blob): Promise<ReadMetadata | undefined> {
    const init = { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file };
    const answer = await this.ask("v1/tools/read-metadata", init).catch((error: unknown) => {
      if (error instanceof Refused) return undefined;
      throw error;
    });
    if (!isObject(answer) || !isObject(answer["request"])) return undefined;
    const { scheme, request, warnings } = answer;
    return { scheme: textOf(scheme), request, warnings: Array.isArray(warnings) ? texts(warnings) : [] };
  }

  async styles(): Promise<readonly string[]> {
    const answer = await this.ask("v1/engines/styles");
    return Array.isArray(answer) ? answer.filter((one) => typeof one === "string") : [];
  }
}

function records(value: unknown): readonly TaskRecord[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((one) => ({
    task_id: textOf(one["task_id"]),
    task_status: typeof one["task_status"] === "string" ? one["task_status"] : null,
    progress: numberOrNull(one["progress"]),
    preview: textOf(one["preview"]) || null,
    start_mills: numberOrNull(one["start_mills"]),
    finish_mills: numberOrNull(one["finish_mills"]),
    result: Array.isArray(one["result"]) ? texts(one["result"]) : null,
    req_params: isObject(one["req_params"]) ? one["req_params"] : {},
    error: one["error"],
    warnings: Array.isArray(one["warnings"]) ? texts(one["warnings"]) : [],
  }));
}

const texts = (list: readonly unknown[]): readonly string[] => list.filter((one) => typeof one === "string");

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
