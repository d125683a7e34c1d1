import { localUrl } from "../local-url.ts";
import type { Server } from "../server.ts";
import { isObject, textOf } from "../values.ts";

/** A picture of the history: where this page finds it and its small version, and what the server calls it. */
export type FoundPicture = Readonly<{ url: string; small: string; address: string }>;

/** A task as the gallery knows it. */
export type FoundTask = Readonly<{
  /** Rises with each task; the newest is first. */
  row: number;
  id: string;
  prompt: string;
  starred: boolean;
  pictures: readonly FoundPicture[];
  /** Why it failed; empty for one that did not. */
  failure: string;
}>;

export type FoundPage = Readonly<{ tasks: readonly FoundTask[]; next: number | null }>;

/** What is looked for; empty is everything. */
export type Filter = Readonly<{
  prompt: string;
  model: string;
  style: string;
  /** Days, as a field for dates says them. */
  from: string;
  to: string;
  starred: boolean;
}>;

export const noFilter: Filter = { prompt: "", model: "", style: "", from: "", to: "", starred: false };

/** Whether anything is left out. */
export const isFiltered = (filter: Filter): boolean =>
  Object.values(filter).some((one) => one !== "" && one !== false);

/** Names of the history, the most used first. */
export type UsedNames = Readonly<{ models: readonly string[]; styles: readonly string[] }>;

type Place = Readonly<{ before?: number; limit?: number; task?: string }>;

/** A page of what is found. */
export async function findPage(
  server: Server,
  filter: Filter,
  place: Place,
  signal?: AbortSignal,
): Promise<FoundPage> {
  const { prompt, model, style, from, to, starred } = filter;
  const said = {
    prompt,
    model,
    style,
    start_at: from,
    // A day is meant whole.
    end_at: to === "" ? "" : `${to}T23:59:59`,
    starred: starred ? "true" : "",
    task_id: place.task ?? "",
    before: place.before === undefined ? "" : String(place.before),
    limit: place.limit === undefined ? "" : String(place.limit),
  };
  const query = new URLSearchParams(Object.entries(said).filter(([, value]) => value !== ""));
  const answer = await server.ask(`v1/history?${query}`, signal === undefined ? {} : { signal });
  if (!isObject(answer)) return { tasks: [], next: null };
  const tasks: readonly unknown[] = Array.isArray(answer["tasks"]) ? answer["tasks"] : [];
  const { next } = answer;
  return { tasks: tasks.filter(isObject).map(foundTask), next: typeof next === "number" ? next : null };
}

function foundTask(one: Readonly<Record<string, unknown>>): FoundTask {
  const pictures: readonly unknown[] = Array.isArray(one["pictures"]) ? one["pictures"] : [];
  const { error } = one;
  return {
    row: typeof one["id"] === "number" ? one["id"] : 0,
    id: textOf(one["task_id"]),
    prompt: textOf(one["prompt"]) || "No prompt",
    starred: one["starred"] === true,
    failure: isObject(error) ? textOf(error["message"]) : "",
    pictures: pictures.filter(isObject).map(({ url, thumbnail }) => {
      const address = textOf(url);
      return { url: localUrl(address), small: localUrl(textOf(thumbnail)), address };
    }),
  };
}

/** The names that searches can choose from. */
export async function usedNames(server: Server): Promise<UsedNames> {
  const answer = await server.ask("v1/history/names");
  const namesOf = (key: string): readonly string[] => {
    const list: unknown = isObject(answer) ? answer[key] : [];
    return Array.isArray(list) ? list.filter(isObject).map(({ name }) => textOf(name)) : [];
  };
  return { models: namesOf("models"), styles: namesOf("styles") };
}
