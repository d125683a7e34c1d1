import { localUrl } from "./local-url.ts";
import { Picture } from "./picture.tsx";
import { Prompt } from "./prompt.tsx";
import type { Server } from "./server.ts";
import type { Running, State } from "./state.ts";
import { failureOf, type Tile } from "./tile.ts";
import { useSeconds } from "./use-seconds.ts";
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

/** So many tasks at hand are shown with their pictures; a fleet may have a thousand. */
const most = 12;

/** Each task at hand: its picture as it comes, how far it is, in numbers and in the server's words; else the last one. */
export function Stage(props: StageProps) {
  const { running } = props.state;
  return (
    <section class="card stage" aria-label="Now">
      {running.length === 0 ? <Rest {...props} /> : null}
      {running.slice(0, most).map((one) => (
        <Work key={one.id} {...props} running={one} />
      ))}
      {running.length > most ? <p class="sentence">{running.length - most} more are being made.</p> : null}
    </section>
  );
}

function Work(props: StageProps & Readonly<{ running: Running }>) {
  const { state, control, running } = props;
  return (
    <>
      <div class="canvas">
        <Newest {...props} />
      </div>
      <div class="about">
        <Prompt text={(state.prompts[running.id] ?? "") || "No prompt"} />
        <progress
          class={running.stage === "denoising" ? "" : "busy"}
          max={100}
          value={running.percent}
          aria-label="Progress"
        />
        <div class="sentence">
          <span aria-live="polite">{running.message}</span> <Clock running={running} />
        </div>
        <Finished {...props} id={running.id} images={running.images} />
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

/** The picture at hand as far as it is drawn; before there is any of it, the one that was finished last. */
function Newest({ running, last, server }: StageProps & Readonly<{ running: Running }>) {
  if (running.preview !== null) return <img src={running.preview} alt="Preview" />;
  const newest = running.images.at(-1);
  if (newest !== undefined) return <Picture src={localUrl(newest)} alt="Newest picture" server={server} />;
  if (last?.url !== undefined) return <Picture src={last.url} alt="The last picture" server={server} />;
  return <span>…</span>;
}

type FinishedProps = Pick<StageProps, "server" | "open"> &
  Readonly<{ id: string; images: readonly string[] }>;

/** Pictures of a task that are finished already. */
function Finished({ id, images, server, open }: FinishedProps) {
  if (images.length === 0) return null;
  return (
    <div class="finished" role="group" aria-label="Finished">
      {images.map((url, at) => (
        <button
          key={url}
          type="button"
          aria-label={`Finished picture ${at + 1}`}
          onClick={() => open(`${id}/${at}`)}
        >
          <Picture src={localUrl(url)} alt="" server={server} />
        </button>
      ))}
    </div>
  );
}

/** The time that is left, where it is known, else how long what is being done has taken: nothing looks as if it hung. */
function Clock({ running: { stage, images, message, etaMs } }: Readonly<{ running: Running }>) {
  const told = useSeconds(`${message} ${etaMs}`);
  const passed = useSeconds(`${stage} ${images.length}`);
  if (etaMs !== null) return <span>{remaining(etaMs - told * 1000)}</span>;
  return <span>{passed < 2 ? "" : `For ${passed} s now.`}</span>;
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
  const images = record.result ?? [];
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
        <Prompt text={prompt} />
        <p class="sentence">{waiting} This was made last.</p>
        {url === undefined ? <p class="problem">{failureOf(record)}</p> : null}
        {images.length > 1 ? <Finished id={record.task_id} {...{ images, server, open }} /> : null}
        <Warnings of={record.warnings} />
      </div>
    </>
  );
}

function remaining(ms: number): string {
  if (ms < 1000) return "";
  const seconds = Math.round(ms / 1000);
  return seconds < 90 ? `About ${seconds} s left.` : `About ${Math.round(seconds / 60)} min left.`;
}
