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
  return state.running.find((one) => one.id === id) ?? begun(id);
}

/** The running tasks with what is known of one of them now; one that is new comes last. */
export function withRunning({ running }: State, now: Running): readonly Running[] {
  const isKnown = running.some(({ id }) => id === now.id);
  return isKnown ? running.map((one) => (one.id === now.id ? now : one)) : [...running, now];
}

/** The running tasks without one. */
export const without = ({ running }: State, id: string): readonly Running[] =>
  running.filter((one) => one.id !== id);
