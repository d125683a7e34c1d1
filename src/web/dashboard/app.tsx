import { useState } from "preact/hooks";
import { Composer } from "./composer.tsx";
import type { Connection } from "./connection.ts";
import { Detail } from "./detail.tsx";
import { type Draft, draftOf, emptyDraft, requestOf } from "./draft.ts";
import { Gallery, type Tile, tilesOf } from "./gallery.tsx";
import { Head } from "./head.tsx";
import { KeyField } from "./key-field.tsx";
import { Queue } from "./queue.tsx";
import type { Server } from "./server.ts";
import type { Describe } from "./source/describe-buttons.tsx";
import type { SourceDraft } from "./source/source-draft.ts";
import { sourceRequest } from "./source/source-request.ts";
import { sentPicture } from "./source/starting-picture.ts";
import { useSource } from "./source/use-source.ts";
import { Stage } from "./stage.tsx";
import type { State } from "./state.ts";
import { useAttempt } from "./use-attempt.ts";
import { useServer } from "./use-server.ts";
import { textOf } from "./values.ts";
import { type TaskRecord } from "./wire.ts";

/** The whole page. */
export function App({ server }: Readonly<{ server: Server }>) {
  const { state, connection, styles, working, unlock, older } = useServer(server);
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const { problem, busy, attempt, complain } = useAttempt();
  const { source, change: changeSource, take, use, restore, over } = useSource(server, attempt);
  const [shown, setShown] = useState<string>();
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const tiles = tilesOf(state.history);
  const at = tiles.findIndex(({ key }) => key === shown);
  const tile = tiles[at];
  const reuse = (record: TaskRecord) => {
    attempt(server.defaults().then((defaults) => setDraft(draftOf(record, defaults))));
    restore(record);
    setShown(undefined);
  };
  const useTile = ({ record, address = "" }: Tile, part: Partial<SourceDraft>) => {
    // What the picture shows is known best by the prompt it was made of.
    if (draft.prompt === "") change({ prompt: textOf(record.req_params["prompt"]) });
    use(address, part);
    setShown(undefined);
  };
  const describe: Describe = async ({ sent }, type) => {
    const prompt = await server.describe(await sentPicture(sent), type).catch(complain);
    if (prompt !== undefined) change({ prompt });
  };
  const walk = (by: -1 | 1) => setShown(tiles[Math.min(tiles.length - 1, Math.max(0, at + by))]?.key);
  const submit = async () =>
    await connection?.generate({ ...requestOf(draft), ...(await sourceRequest(source)) });
  return (
    <>
      <Head state={state} />
      <main class={source.picture === undefined ? "" : "with-picture"}>
        <div class="column">
          {state.link === "locked" ? <KeyField refused={server.key} unlock={unlock} /> : null}
          <Composer
            draft={draft}
            source={{ draft: source, working, change: changeSource, take, describe, complain }}
            styles={styles}
            problem={problem}
            busy={busy}
            change={change}
            submit={() => attempt(submit())}
          />
        </div>
        <div class="column">
          <Now {...{ state, server, connection, attempt }} last={tiles[0]} open={setShown} />
          <Gallery {...{ tiles, server, older }} open={setShown} />
        </div>
      </main>
      <p class="hidden" aria-live="polite">
        {state.news}
      </p>
      {over ? <div class="dropping">Drop the picture to start from it</div> : null}
      {tile === undefined ? null : (
        <Detail {...{ tile, server, reuse }} move={walk} use={useTile} close={() => setShown(undefined)} />
      )}
    </>
  );
}

type NowProps = Readonly<{
  state: State;
  server: Server;
  connection: Connection | undefined;
  attempt: (work: Promise<unknown> | undefined) => void;
  last: Tile | undefined;
  open: (key: string) => void;
}>;

/** What is being made, and what waits; both can be steered. */
function Now({ state, server, connection, attempt, last, open }: NowProps) {
  return (
    <>
      <Stage
        {...{ state, server, last, open }}
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
    </>
  );
}
