import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Choices } from "./choices.ts";
import { Compare } from "./compare.tsx";
import { DetailActions } from "./detail-actions.tsx";
import { detailKeys } from "./detail-keys.ts";
import { FullView } from "./gallery/full-view.tsx";
import type { GalleryWork } from "./gallery/use-deeds.ts";
import { localUrl } from "./local-url.ts";
import { Picture } from "./picture.tsx";
import { Prompt } from "./prompt.tsx";
import { RecordTable } from "./record-table.tsx";
import type { Server } from "./server.ts";
import type { SourceDraft } from "./source/source-draft.ts";
import { sourceOfRecord } from "./source/source-of-record.ts";
import type { Size } from "./source/view.ts";
import { failureOf } from "./tile.ts";
import type { Shown } from "./use-shown.ts";
import { textOf } from "./values.ts";
import { Warnings } from "./warnings.tsx";
import { type TaskRecord } from "./wire.ts";

/** What is done with the picture that is shown. */
export type DetailProps = Readonly<{
  shown: Shown;
  server: Server;
  work: GalleryWork;
  /** What performance modes decide, whatever else was asked for. */
  modes: Choices["modes"];
  move: (by: -1 | 1) => void;
  reuse: (record: TaskRecord) => void;
  /** Starts from the picture, for an end. */
  use: (shown: Shown, part: Partial<SourceDraft>) => void;
  /** Takes the picture as a control image. */
  guide: (shown: Shown) => void;
  close: () => void;
}>;

/** A picture large, with how it was made. Arrow keys walk through the gallery, Escape closes. */
export function Detail(props: DetailProps) {
  const { shown, server, move, close } = props;
  const { tile, record, url } = shown;
  const dialog = useRef<HTMLDialogElement>(null);
  // Before it is painted: its keys are heard as soon as it is seen.
  useLayoutEffect(() => {
    dialog.current?.showModal();
    // Else the first button has the focus, and is scrolled to: what was opened is the picture.
    dialog.current?.focus();
    dialog.current?.scrollTo(0, 0);
  }, []);
  const [full, setFull] = useState(false);
  const [measured, setMeasured] = useState<Readonly<{ url: string; size: Size }>>();
  const prompt = tile?.task.prompt ?? (textOf(record?.req_params["prompt"]) || "No prompt");
  const keys = detailKeys(props, () => setFull(url !== undefined));
  return (
    <dialog
      ref={dialog}
      tabIndex={-1}
      aria-label={prompt}
      onClose={(event) => event.target === dialog.current && close()}
      onKeyDown={keys}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="detail">
        <div class="canvas">
          {url !== undefined ? (
            <Large {...{ url, prompt, record, server }} measure={(size) => setMeasured({ url, size })} />
          ) : (
            <span>{record === undefined ? "…" : failureOf(record)}</span>
          )}
        </div>
        <div class="text">
          <Prompt text={prompt} />
          {record === undefined ? null : (
            <>
              <Warnings of={record.warnings} />
              <RecordTable
                record={record}
                modes={props.modes}
                size={measured?.url === url ? measured?.size : undefined}
              />
            </>
          )}
          <DetailActions {...props} view={() => setFull(true)} />
          {record === undefined ? null : (
            <details>
              <summary>All values</summary>
              <pre tabIndex={0}>{JSON.stringify(record.req_params, null, 1)}</pre>
            </details>
          )}
        </div>
      </div>
      {full && url !== undefined ? (
        <FullView {...{ url, server, move }} alt={prompt} close={() => setFull(false)} />
      ) : null}
    </dialog>
  );
}

type LargeProps = Readonly<{
  url: string;
  prompt: string;
  record: TaskRecord | undefined;
  server: Server;
  /** Hears the picture's own size. */
  measure: (size: Size) => void;
}>;

/** The picture; beside the one it was made of, if there is one. */
function Large({ url, prompt, record, server, measure }: LargeProps) {
  const source = record === undefined ? undefined : sourceOfRecord(record);
  if (source === undefined)
    return <Picture key={url} src={url} alt={prompt} server={server} measure={measure} />;
  return (
    <Compare
      key={url}
      before={localUrl(source.address)}
      after={url}
      alt={prompt}
      extensions={source.fields.extensions}
      server={server}
      measure={measure}
    />
  );
}
