import { hear } from "./hear.ts";
import { current } from "./running.ts";
import type { Action, Running, State } from "./state.ts";
import { textOr } from "./values.ts";
import { type TaskRecord } from "./wire.ts";

/** The next state; pure. */
export function reduce(state: State, action: Action): State {
  switch (action.kind) {
    case "link":
      return { ...state, link: action.link };
    case "message":
      return hear(state, action.message);
    case "preview":
      return {
        ...state,
        running: state.running.map((one) =>
          one.id === action.id && !one.isBetween ? { ...one, preview: action.url } : one,
        ),
      };
    case "prompt":
      return { ...state, prompts: { ...state.prompts, [action.id]: action.prompt } };
    case "lists":
      return withLists(state, action);
  }
}

function withLists(state: State, lists: Extract<Action, { kind: "lists" }>): State {
  const known = [...lists.pending, ...lists.current].map((one): readonly [string, string] => [
    one.task_id,
    textOr(one.req_params["prompt"], ""),
  ]);
  return {
    ...state,
    history: lists.history.filter(
      ({ finish_mills: end, result }) => (end !== null && end > 0) || (result !== null && result.length > 0),
    ),
    pending: lists.pending.map((one) => one.task_id),
    running: lists.current.map((task) => runningOf(state, task)),
    prompts: { ...state.prompts, ...Object.fromEntries(known) },
  };
}

/** A record says less than the events do: what they told stays, only the numbers are the newer ones. */
function runningOf(state: State, task: TaskRecord): Running {
  const before = current(state, task.task_id);
  const { preview, result } = task;
  return {
    ...before,
    percent: Math.max(before.percent, task.progress ?? 0),
    preview: preview === null || before.isBetween ? before.preview : `data:image/png;base64,${preview}`,
    images: result !== null && result.length > before.images.length ? result : before.images,
  };
}
