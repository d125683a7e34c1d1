import { isObject, type LiveMessage, type TaskRecord } from "./wire.ts";

/** How the page hears of news: WebSocket, event stream, by asking, not at all, or not without a key. */
export type Link = "connecting" | "live" | "events" | "asking" | "offline" | "locked";

/** The task at hand. */
export type Running = Readonly<{
  id: string;
  percent: number;
  message: string;
  etaMs: number | null;
  preview: string | null;
  images: readonly string[];
}>;

export type State = Readonly<{
  link: Link;
  device: string;
  engine: string;
  paused: boolean;
  pending: readonly string[];
  running: Running | undefined;
  /** Prompts by task, as they become known. */
  prompts: Readonly<Record<string, string>>;
  history: readonly TaskRecord[];
  /** Rises whenever the lists should be read anew. */
  stale: number;
  /** What became of the last task, for a screen reader. */
  news: string;
}>;

export type Action = Readonly<
  | { kind: "link"; link: Link }
  | { kind: "message"; message: LiveMessage }
  | { kind: "preview"; id: string; url: string }
  | { kind: "prompt"; id: string; prompt: string }
  | {
      kind: "lists";
      history: readonly TaskRecord[];
      pending: readonly TaskRecord[];
      current: readonly TaskRecord[];
    }
>;

export const initialState: State = {
  link: "connecting",
  device: "",
  engine: "",
  paused: false,
  pending: [],
  running: undefined,
  prompts: {},
  history: [],
  stale: 0,
  news: "",
};

/** The next state; pure. */
export function reduce(state: State, action: Action): State {
  switch (action.kind) {
    case "link":
      return { ...state, link: action.link };
    case "message":
      return hear(state, action.message);
    case "preview":
      return state.running?.id === action.id
        ? { ...state, running: { ...state.running, preview: action.url } }
        : state;
    case "prompt":
      return { ...state, prompts: { ...state.prompts, [action.id]: action.prompt } };
    case "lists":
      return withLists(state, action);
  }
}

/** One message of the server; unknown types change nothing. */
function hear(state: State, message: LiveMessage): State {
  const id = typeof message["task_id"] === "string" ? message["task_id"] : "";
  switch (message.type) {
    case "hello":
      return { ...state, device: text(message["device"], state.device) };
    case "engine":
      return { ...state, ...engineOf(state, message) };
    case "status":
      return withQueue({ ...state, ...engineOf(state, message["engine"]) }, message["queue"]);
    case "queue":
      return withQueue(state, message);
    case "queued":
      return state.pending.includes(id) ? state : { ...state, pending: [...state.pending, id] };
    case "started":
      return { ...state, pending: state.pending.filter((one) => one !== id), running: begun(id) };
    case "progress":
      return { ...state, running: advance(state, id, message) };
    case "image":
      return { ...state, running: withImage(state, id, message["url"]) };
    case "snapshot":
      return { ...state, stale: state.stale + 1 };
    case "settled":
      return settle(state, id, message);
    default:
      return state;
  }
}

function begun(id: string): Running {
  return { id, percent: 0, message: "Working ...", etaMs: null, preview: null, images: [] };
}

function current(state: State, id: string): Running {
  return state.running?.id === id ? state.running : begun(id);
}

function advance(state: State, id: string, message: LiveMessage): Running {
  const before = current(state, id);
  const percent = typeof message["progress"] === "number" ? message["progress"] : before.percent;
  const etaMs = typeof message["eta_ms"] === "number" ? message["eta_ms"] : null;
  return { ...before, percent, etaMs, message: text(message["message"], before.message) };
}

function withImage(state: State, id: string, url: unknown): Running {
  const before = current(state, id);
  return typeof url === "string" ? { ...before, images: [...before.images, url] } : before;
}

function settle(state: State, id: string, message: LiveMessage): State {
  const error = isObject(message["error"]) ? text(message["error"]["message"], "") : "";
  const status = text(message["status"], "finished");
  const running = state.running?.id === id ? undefined : state.running;
  const pending = state.pending.filter((one) => one !== id);
  const news = `${status === "failed" ? "Failed" : "Done"}: ${state.prompts[id] ?? ""} ${error}`.trim();
  return { ...state, running, pending, stale: state.stale + 1, news };
}

function engineOf(state: State, value: unknown): Pick<State, "engine" | "device"> {
  if (!isObject(value)) return state;
  return { engine: text(value["state"], state.engine), device: text(value["device"], state.device) };
}

/** A reply to a queue command may say less than a queue event: what it does not say stays. */
function withQueue(state: State, value: unknown): State {
  if (!isObject(value)) return state;
  const pending = Array.isArray(value["pending"])
    ? value["pending"].filter((one) => typeof one === "string")
    : state.pending;
  return { ...state, pending, paused: typeof value["paused"] === "boolean" ? value["paused"] : state.paused };
}

function withLists(state: State, lists: Extract<Action, { kind: "lists" }>): State {
  const [task] = lists.current;
  const known = [...lists.pending, ...lists.current].map((one): readonly [string, string] => [
    one.task_id,
    text(one.req_params["prompt"], ""),
  ]);
  return {
    ...state,
    history: lists.history.filter((one) => one.finish_mills !== null && one.finish_mills > 0),
    pending: lists.pending.map((one) => one.task_id),
    running: task === undefined ? undefined : runningOf(state, task),
    prompts: { ...state.prompts, ...Object.fromEntries(known) },
  };
}

/** A record says less than the events do: what they told stays, only the numbers are the newer ones. */
function runningOf(state: State, task: TaskRecord): Running {
  const before = current(state, task.task_id);
  const { preview } = task;
  return {
    ...before,
    percent: Math.max(before.percent, task.progress ?? 0),
    preview: preview === null ? before.preview : `data:image/png;base64,${preview}`,
  };
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}
