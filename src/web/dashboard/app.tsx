import { useState } from "preact/hooks";
import { Composer } from "./composer.tsx";
import { Detail } from "./detail.tsx";
import { type Draft, draftOf, emptyDraft, requestOf } from "./draft.ts";
import { Gallery, tilesOf } from "./gallery.tsx";
import { KeyField } from "./key-field.tsx";
import { Queue } from "./queue.tsx";
import type { Server } from "./server.ts";
import { Stage } from "./stage.tsx";
import type { Link, State } from "./state.ts";
import { useServer } from "./use-server.ts";
import { type TaskRecord } from "./wire.ts";

const linkWords: Readonly<Record<Link, string>> = {
  connecting: "Connecting …",
  live: "Live",
  events: "Live (event stream)",
  asking: "Connected",
  offline: "The server does not answer",
  locked: "A key is needed",
};

/** The whole page. */
export function App({ server }: Readonly<{ server: Server }>) {
  const { state, connection, styles, unlock } = useServer(server);
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const { problem, busy, attempt } = useAttempt();
  const [shown, setShown] = useState<number>();
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const tiles = tilesOf(state.history);
  const tile = shown === undefined ? undefined : tiles[shown];
  const reuse = (record: TaskRecord) => {
    setDraft(draftOf(record));
    setShown(undefined);
  };
  const walk = (by: -1 | 1) => setShown((at = 0) => Math.min(tiles.length - 1, Math.max(0, at + by)));
  return (
    <>
      <Head state={state} />
      <main>
        <div class="column">
          {state.link === "locked" ? <KeyField refused={server.key} unlock={unlock} /> : null}
          <Composer
            draft={draft}
            styles={styles}
            problem={problem}
            busy={busy}
            change={change}
            submit={() => attempt(connection?.generate(requestOf(draft)))}
          />
        </div>
        <div class="column">
          <Stage
            state={state}
            server={server}
            control={(id, action) => attempt(connection?.control(id, action))}
          />
          <Queue
            state={state}
            canPause={state.link === "live"}
            pause={(paused) =>
              attempt(connection?.command({ type: "queue", action: paused ? "pause" : "resume" }))
            }
            cancel={(id) => attempt(connection?.control(id, "cancel"))}
          />
          <Gallery tiles={tiles} server={server} open={setShown} />
        </div>
      </main>
      <p class="hidden" aria-live="polite">
        {state.news}
      </p>
      {tile === undefined ? null : (
        <Detail tile={tile} server={server} move={walk} reuse={reuse} close={() => setShown(undefined)} />
      )}
    </>
  );
}

function Head({ state }: Readonly<{ state: State }>) {
  const words = [linkWords[state.link], state.device, state.engine];
  return (
    <header class="top">
      <h1>fooocusd</h1>
      <span class={`state ${state.link}`} role="status">
        {words.filter((word) => word !== "").join(", ")}
      </span>
      <span class="spring" />
      <a href="docs">API</a>
    </header>
  );
}

/** Runs one thing the user asked for at a time, and keeps the server's reason when it is refused. */
function useAttempt() {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const attempt = (work: Promise<unknown> | undefined) => {
    setProblem("");
    setBusy(true);
    void Promise.resolve(work)
      .catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)))
      .finally(() => setBusy(false));
  };
  return { problem, busy, attempt };
}
