import type { Running, State } from "./state.ts";

/** A task nothing is known of yet but that it runs. */
export function begun(id: string): Running {
  return {
    id,
    percent: 0,
    message: "Working ...",
    stage: "",
    etaMs: null,
    preview: null,
    images: [],
    isBetween: false,
  };
}

/** What is known of a running task. */
export function current(state: State, id: string): Running {
  return state.running?.id === id ? state.running : begun(id);
}
