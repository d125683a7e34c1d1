import { useState } from "preact/hooks";
import { Composer } from "./composer.tsx";
import type { Connection } from "./connection.ts";
import { Detail } from "./detail.tsx";
import { Gallery, type Tile, tilesOf } from "./gallery.tsx";
import { Head } from "./head.tsx";
import { KeyField } from "./key-field.tsx";
import { Queue } from "./queue.tsx";
import type { Server } from "./server.ts";
import { type SourceDraft, takesPart } from "./source/source-draft.ts";
import { Stage } from "./stage.tsx";
import type { State } from "./state.ts";
import { useForm } from "./use-form.ts";
import { useServer } from "./use-server.ts";
import { textOf } from "./values.ts";
import { type TaskRecord } from "./wire.ts";

/** The whole page. */
export function App({ server }: Readonly<{ server: Server }>) {
  const { state, connection, working, unlock, older, reachable } = useServer(server);
  const form = useForm({ server, connection, working, stale: reachable ? state.stale : undefined });
  const { draft, source, control, attempt, complain, change } = form;
  const [shown, setShown] = useState<string>();
  const tiles = tilesOf(state.history.filter(({ task_id: id }) => !control.hidden.has(id)));
  const at = tiles.findIndex(({ key }) => key === shown);
  const tile = tiles[at];
  const reuse = (record: TaskRecord) => {
    form.reuse(record);
    setShown(undefined);
  };
  const useTile = ({ record, address = "" }: Tile, part: Partial<SourceDraft>) => {
    // What the picture shows is known best by the prompt it was made of.
    if (draft.prompt === "") change({ prompt: textOf(record.req_params["prompt"]) });
    source.use(address, part);
    setShown(undefined);
  };
  const guide = ({ address = "" }: Tile) => {
    control.guide(address);
    setShown(undefined);
  };
  const walk = (by: -1 | 1) => setShown(tiles[Math.min(tiles.length - 1, Math.max(0, at + by))]?.key);
  const tab = takesPart(source.source) ? source.source.tab : undefined;
  return (
    <>
      <Head state={state} />
      <main class={source.source.picture === undefined ? "" : "with-picture"}>
        <div class="column">
          {state.link === "locked" ? <KeyField refused={server.key} unlock={unlock} /> : null}
          <Composer
            {...form}
            source={{ ...source, draft: source.source, working, complain, describe: form.describe }}
            control={{ ...control, draft: control.control, tab }}
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
      {source.over ? (
        <div class="dropping">Drop the picture to start from it, or on a control image's place</div>
      ) : null}
      {tile === undefined ? null : (
        <Detail
          {...{ tile, server, reuse, guide }}
          move={walk}
          use={useTile}
          close={() => setShown(undefined)}
        />
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
