import { localUrl } from "./local-url.ts";
import { Picture } from "./picture.tsx";
import type { Server } from "./server.ts";
import type { State } from "./state.ts";

type StageProps = Readonly<{
  state: State;
  server: Server;
  control: (id: string, action: "stop" | "skip" | "cancel") => void;
}>;

/** The task at hand: its picture as it comes, how far it is, in numbers and in the server's words. */
export function Stage({ state, server, control }: StageProps) {
  const { running } = state;
  const newest = running?.images.at(-1);
  const waiting =
    state.paused && state.pending.length > 0 ? "The queue is paused." : "Nothing is being made now.";
  return (
    <section class="card stage" aria-label="Now">
      <div class="canvas">
        {running?.preview ? (
          <img src={running.preview} alt="Preview" />
        ) : newest === undefined ? (
          <span>{running === undefined ? "The picture appears here while it is drawn." : "…"}</span>
        ) : (
          <Picture src={localUrl(newest)} alt="Newest picture" server={server} />
        )}
      </div>
      <div class="about">
        <p class="prompt">
          {running === undefined ? waiting : (state.prompts[running.id] ?? "") || "No prompt"}
        </p>
        {running === undefined ? null : (
          <>
            <progress max={100} value={running.percent} aria-label="Progress" />
            <p class="sentence" aria-live="polite">
              {running.message} {remaining(running.etaMs)}
            </p>
            <div class="row">
              <button type="button" onClick={() => control(running.id, "stop")}>
                Stop
              </button>
              <button type="button" onClick={() => control(running.id, "skip")}>
                Skip this picture
              </button>
            </div>
          </>
        )}
      </div>
    </section>
  );
}

function remaining(ms: number | null): string {
  if (ms === null || ms < 1000) return "";
  const seconds = Math.round(ms / 1000);
  return seconds < 90 ? `About ${seconds} s left.` : `About ${Math.round(seconds / 60)} min left.`;
}
