import { localUrl } from "./local-url.ts";
import { Picture } from "./picture.tsx";
import type { Server } from "./server.ts";
import type { Running, State } from "./state.ts";
import { failureOf, type Tile } from "./tile.ts";
import { textOf } from "./values.ts";
import { Warnings } from "./warnings.tsx";

type StageProps = Readonly<{
  state: State;
  /** What was made last. */
  last: Tile | undefined;
  server: Server;
  control: (id: string, action: "stop" | "skip" | "cancel") => void;
  open: (key: string) => void;
}>;

/** The task at hand: its picture as it comes, how far it is, in numbers and in the server's words; else the last one. */
export function Stage(props: StageProps) {
  const { running } = props.state;
  return (
    <section class="card stage" aria-label="Now">
      {running === undefined ? <Rest {...props} /> : <Work {...props} running={running} />}
    </section>
  );
}

function Work({ state, server, control, running }: StageProps & Readonly<{ running: Running }>) {
  const newest = running.images.at(-1);
  return (
    <>
      <div class="canvas">
        {running.preview !== null ? (
          <img src={running.preview} alt="Preview" />
        ) : newest === undefined ? (
          <span>…</span>
        ) : (
          <Picture src={localUrl(newest)} alt="Newest picture" server={server} />
        )}
      </div>
      <div class="about">
        <p class="prompt">{(state.prompts[running.id] ?? "") || "No prompt"}</p>
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
      </div>
    </>
  );
}

/** Nothing is being made: what was made last stays, with what is to be said of it. */
function Rest({ state, last, server, open }: StageProps) {
  const waiting =
    state.paused && state.pending.length > 0 ? "The queue is paused." : "Nothing is being made now.";
  if (last === undefined)
    return (
      <>
        <div class="canvas">
          <span>The picture appears here while it is drawn.</span>
        </div>
        <p class="prompt">{waiting}</p>
      </>
    );
  const { key, record, url } = last;
  const prompt = textOf(record.req_params["prompt"]) || "No prompt";
  return (
    <>
      <button
        type="button"
        class="canvas"
        aria-label={`The last picture: ${prompt}`}
        onClick={() => open(key)}
      >
        {url === undefined ? (
          <span class="problem">Failed</span>
        ) : (
          <Picture src={url} alt="" server={server} />
        )}
      </button>
      <div class="about">
        <p class="prompt">{prompt}</p>
        <p class="sentence">{waiting} This was made last.</p>
        {url === undefined ? <p class="problem">{failureOf(record)}</p> : null}
        <Warnings of={record.warnings} />
      </div>
    </>
  );
}

function remaining(ms: number | null): string {
  if (ms === null || ms < 1000) return "";
  const seconds = Math.round(ms / 1000);
  return seconds < 90 ? `About ${seconds} s left.` : `About ${Math.round(seconds / 60)} min left.`;
}
