import { begun, current, without, withRunning } from "./running.ts";
import type { EngineWord, Running, State } from "./state.ts";
import { isObject, textOr } from "./values.ts";
import { type LiveMessage } from "./wire.ts";

/** The state after one message of the server; unknown types change nothing. */
export function hear(state: State, message: LiveMessage): State {
  const id = typeof message["task_id"] === "string" ? message["task_id"] : "";
  switch (message.type) {
    case "hello":
      return { ...state, device: textOr(message["device"], state.device) };
    case "engine":
      return { ...state, ...engineOf(state, message) };
    case "status":
      return withQueue({ ...state, ...engineOf(state, message["engine"]) }, message["queue"]);
    case "queue":
      return withQueue(state, message);
    case "queued":
      // One that ran is put back where its engine died: before all others, as the queue says behind this.
      return {
        ...state,
        pending: state.pending.includes(id) ? state.pending : [...state.pending, id],
        running: without(state, id),
      };
    case "started":
      return {
        ...state,
        pending: state.pending.filter((one) => one !== id),
        running: withRunning(state, begun(id)),
      };
    case "progress":
      return { ...state, running: withRunning(state, advance(state, id, message)) };
    case "image":
      return {
        ...state,
        running: withRunning(state, withImage(state, id, message["url"])),
        stale: state.stale + 1,
      };
    case "snapshot":
      return { ...state, stale: state.stale + 1 };
    case "settled":
      return settle(state, id, message);
    default:
      return state;
  }
}

function advance(state: State, id: string, message: LiveMessage): Running {
  const before = current(state, id);
  const percent = typeof message["progress"] === "number" ? message["progress"] : before.percent;
  const etaMs = typeof message["eta_ms"] === "number" ? message["eta_ms"] : null;
  const stage = textOr(message["stage"], before.stage);
  const isBetween = before.isBetween && stage !== "denoising";
  return {
    ...before,
    percent,
    etaMs,
    stage,
    isBetween,
    message: textOr(message["message"], before.message),
  };
}

function withImage(state: State, id: string, url: unknown): Running {
  const before = current(state, id);
  if (typeof url !== "string" || before.images.includes(url)) return before;
  // The finished one is shown until the next one's first preview.
  return { ...before, images: [...before.images, url], preview: null, isBetween: true };
}

function settle(state: State, id: string, message: LiveMessage): State {
  const error = isObject(message["error"]) ? textOr(message["error"]["message"], "") : "";
  const status = textOr(message["status"], "finished");
  const running = without(state, id);
  const pending = state.pending.filter((one) => one !== id);
  const news = `${status === "failed" ? "Failed" : "Done"}: ${state.prompts[id] ?? ""} ${error}`.trim();
  return { ...state, running, pending, stale: state.stale + 1, news };
}

function engineOf(state: State, value: unknown): Pick<State, "engine" | "engines" | "device"> {
  if (!isObject(value)) return state;
  const { engines } = value;
  return {
    engine: textOr(value["state"], state.engine),
    device: textOr(value["device"], state.device),
    engines: Array.isArray(engines) ? engines.filter(isObject).map(wordOf) : [],
  };
}

const wordOf = (engine: Readonly<Record<string, unknown>>): EngineWord => ({
  name: textOr(engine["name"], ""),
  state: textOr(engine["state"], ""),
});

/** A reply to a queue command may say less than a queue event: what it does not say stays. */
function withQueue(state: State, value: unknown): State {
  if (!isObject(value)) return state;
  const pending = Array.isArray(value["pending"])
    ? value["pending"].filter((one) => typeof one === "string")
    : state.pending;
  return { ...state, pending, paused: typeof value["paused"] === "boolean" ? value["paused"] : state.paused };
}
