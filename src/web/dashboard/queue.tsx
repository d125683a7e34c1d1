import type { State } from "./state.ts";

type QueueProps = Readonly<{
  state: State;
  /** Only the WebSocket can pause the waiting line. */
  canPause: boolean;
  pause: (paused: boolean) => void;
  cancel: (id: string) => void;
}>;

/** The waiting line. */
export function Queue({ state, canPause, pause, cancel }: QueueProps) {
  const { pending, paused, prompts } = state;
  return (
    <section class="card" aria-label="Queue">
      <div class="head">
        <h2>
          Queue{pending.length === 0 ? "" : ` (${pending.length})`}
          {paused ? ", paused" : ""}
        </h2>
        <button type="button" class="small" disabled={!canPause} onClick={() => pause(!paused)}>
          {paused ? "Resume" : "Pause"}
        </button>
      </div>
      {pending.length === 0 ? (
        <p class="empty">Nothing waits.</p>
      ) : (
        <ol class="queue">
          {pending.map((id, i) => (
            <li key={id}>
              <span class="number">{i + 1}</span>
              <span class="what">{(prompts[id] ?? "") || "No prompt"}</span>
              <button
                type="button"
                class="small"
                aria-label={`Cancel ${prompts[id] ?? "task"}`}
                onClick={() => cancel(id)}
              >
                Cancel
              </button>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
