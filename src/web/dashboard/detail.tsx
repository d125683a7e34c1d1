import { useEffect, useRef, useState } from "preact/hooks";
import { Compare } from "./compare.tsx";
import { failureOf, type Tile } from "./gallery.tsx";
import { localUrl } from "./local-url.ts";
import { Picture } from "./picture.tsx";
import { RecordTable } from "./record-table.tsx";
import type { Server } from "./server.ts";
import type { SourceDraft } from "./source/source-draft.ts";
import { sourceOfRecord } from "./source/source-of-record.ts";
import type { Size } from "./source/view.ts";
import { textOf } from "./values.ts";
import { Warnings } from "./warnings.tsx";
import { type TaskRecord } from "./wire.ts";

type DetailProps = Readonly<{
  tile: Tile;
  server: Server;
  move: (by: -1 | 1) => void;
  reuse: (record: TaskRecord) => void;
  /** Starts from the picture, for an end. */
  use: (tile: Tile, part: Partial<SourceDraft>) => void;
  /** Takes the picture as a control image. */
  guide: (tile: Tile) => void;
  close: () => void;
}>;

/** What a finished picture may be taken for. */
const ends: readonly (readonly [string, Partial<SourceDraft>])[] = [
  ["Vary", { tab: "uov", method: "Vary (Subtle)" }],
  ["Upscale", { tab: "uov", method: "Upscale (2x)" }],
  ["Inpaint", { tab: "inpaint" }],
];

/** A picture large, with how it was made. Arrow keys walk through the gallery, Escape closes. */
export function Detail({ tile, server, move, reuse, use, guide, close }: DetailProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const keys = (event: KeyboardEvent) => {
    if (event.key === "ArrowLeft") move(-1);
    if (event.key === "ArrowRight") move(1);
  };
  const { record, url } = tile;
  const [measured, setMeasured] = useState<Readonly<{ url: string; size: Size }>>();
  const prompt = textOf(record.req_params["prompt"]) || "No prompt";
  return (
    <dialog
      ref={dialog}
      aria-label={prompt}
      onClose={close}
      onKeyDown={keys}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="detail">
        <div class="canvas">
          {url === undefined ? (
            <span>{failureOf(record)}</span>
          ) : (
            <Shown {...{ url, prompt, record, server }} measure={(size) => setMeasured({ url, size })} />
          )}
        </div>
        <div class="text">
          <p class="prompt">{prompt}</p>
          <Warnings of={record.warnings} />
          <RecordTable record={record} size={measured?.url === url ? measured?.size : undefined} />
          {url === undefined ? null : <Ends {...{ tile, use, guide }} />}
          <div class="row">
            <button type="button" class="small" onClick={() => reuse(record)}>
              Use these settings
            </button>
            {url === undefined ? null : <OpenFile url={url} server={server} />}
            <button type="button" class="small" onClick={close}>
              Close
            </button>
          </div>
          <details>
            <summary>All values</summary>
            <pre>{JSON.stringify(record.req_params, null, 1)}</pre>
          </details>
        </div>
      </div>
    </dialog>
  );
}

/** What else is made with the picture. */
function Ends({ tile, use, guide }: Pick<DetailProps, "tile" | "use" | "guide">) {
  return (
    <div class="row">
      <span class="hint">Start from it:</span>
      {ends.map(([label, part]) => (
        <button key={label} type="button" class="small" onClick={() => use(tile, part)}>
          {label}
        </button>
      ))}
      <button type="button" class="small" onClick={() => guide(tile)}>
        Guide by it
      </button>
    </div>
  );
}

type ShownProps = Readonly<{
  url: string;
  prompt: string;
  record: TaskRecord;
  server: Server;
  /** Hears the picture's own size. */
  measure: (size: Size) => void;
}>;

/** The picture; beside the one it was made of, if there is one. */
function Shown({ url, prompt, record, server, measure }: ShownProps) {
  const source = sourceOfRecord(record);
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

/** Where pictures need the key, which a link cannot send, the file is fetched with it. */
function OpenFile({ url, server }: Readonly<{ url: string; server: Server }>) {
  const fetched = (event: Event) => {
    if (server.key === "") return;
    event.preventDefault();
    const page = window.open("about:blank");
    void server
      .open(url)
      .then(async (answer) => page?.location.replace(URL.createObjectURL(await answer.blob())))
      .catch(() => page?.close());
  };
  return (
    <a href={url} target="_blank" rel="noreferrer" onClick={fetched}>
      Open file
    </a>
  );
}
