import { useState } from "preact/hooks";
import { Composer } from "./composer.tsx";
import { Detail } from "./detail.tsx";
import { Gallery } from "./gallery/gallery.tsx";
import { Notice } from "./gallery/notice.tsx";
import { picturesOf } from "./gallery/use-deeds.ts";
import { usePictures } from "./gallery/use-pictures.ts";
import { Head } from "./head.tsx";
import { KeyField } from "./key-field.tsx";
import { Now } from "./now.tsx";
import type { Server } from "./server.ts";
import { type SourceDraft, takesPart } from "./source/source-draft.ts";
import { lastTile } from "./tile.ts";
import { ToStage } from "./to-stage.tsx";
import { useForm } from "./use-form.ts";
import { useServer } from "./use-server.ts";
import { type Shown, useShown } from "./use-shown.ts";
import { textOf } from "./values.ts";
import { type TaskRecord } from "./wire.ts";

/** The whole page. */
export function App({ server }: Readonly<{ server: Server }>) {
  const { state, connection, working, unlock, reachable, listen, heard } = useServer(server);
  const form = useForm({ server, connection, working, stale: reachable ? state.stale : undefined });
  const { source, control, attempt, complain } = form;
  const [key, setShown] = useState<string>();
  const { gallery, work, tiles, hidden } = usePictures({ server, reachable, listen }, control.hidden);
  const last = lastTile(state.history.filter(({ task_id: id }) => !hidden.has(id)));
  const shown = useShown(server, key, tiles);
  const ends = endsOf(form, () => setShown(undefined));
  const walk = (by: -1 | 1) => {
    const at = tiles.findIndex((tile) => tile.key === key);
    setShown((at < 0 ? undefined : tiles[at + by])?.key ?? key);
  };
  const tab = takesPart(source.source) ? source.source.tab : undefined;
  return (
    <>
      <Head state={state} />
      <main class={source.source.picture === undefined ? "" : "with-picture"}>
        <div class="column">
          {state.link === "locked" ? <KeyField refused={server.key} unlock={unlock} /> : null}
          <Composer
            {...form}
            toStage={<ToStage state={state} hasLast={last !== undefined} />}
            source={{ ...source, draft: source.source, working, complain, describe: form.describe }}
            control={{ ...control, draft: control.control, tab }}
          />
        </div>
        <div class="column">
          <Now
            {...{ state, server, connection, attempt, heard, listen, reachable }}
            last={last}
            open={setShown}
          />
          <Gallery {...{ tiles, server, gallery, work }} open={setShown} />
        </div>
      </main>
      <p class="hidden" aria-live="polite">
        {state.news}
      </p>
      {form.over ? (
        <div class="dropping">
          Drop the picture anywhere to make it again, or to start from it if it does not say how it was made;
          on a place for pictures to use it there
        </div>
      ) : null}
      <Notice {...work} pictures={picturesOf(gallery, work.waiting ?? [])} />
      {shown === undefined ? null : (
        <Detail
          {...{ shown, server, work }}
          {...ends}
          modes={form.view.choices.modes}
          move={walk}
          close={() => setShown(undefined)}
        />
      )}
    </>
  );
}

/** What a picture that is shown large is taken for by the form; it is closed then. */
function endsOf({ draft, change, source, control, ...form }: ReturnType<typeof useForm>, close: () => void) {
  return {
    reuse: (record: TaskRecord) => {
      form.reuse(record);
      close();
    },
    use: ({ tile, record, address }: Shown, part: Partial<SourceDraft>) => {
      // What the picture shows is known best by the prompt it was made of.
      if (draft.prompt === "") change({ prompt: textOf(record?.req_params["prompt"] ?? tile?.task.prompt) });
      source.use(address, part);
      close();
    },
    guide: ({ address }: Shown) => {
      control.guide(address);
      close();
    },
  };
}
