import type { DetailProps } from "./detail.tsx";
import { StarIcon } from "./gallery/icons.tsx";
import type { Server } from "./server.ts";
import type { SourceDraft } from "./source/source-draft.ts";

/** What a finished picture may be taken for. */
const ends: readonly (readonly [string, Partial<SourceDraft>])[] = [
  ["Vary", { tab: "uov", method: "Vary (Subtle)" }],
  ["Upscale", { tab: "uov", method: "Upscale (2x)" }],
  ["Inpaint", { tab: "inpaint" }],
];

/** The buttons of a picture that is shown large. @param view opens the full view */
export function DetailActions(props: DetailProps & Readonly<{ view: () => void }>) {
  const { shown, server, reuse, close, view } = props;
  const { record, url } = shown;
  return (
    <>
      {url === undefined ? null : <Ends {...props} />}
      <div class="row">
        {record === undefined ? null : (
          <button type="button" class="small" onClick={() => reuse(record)}>
            Use these settings
          </button>
        )}
        {url === undefined ? null : (
          <>
            <button type="button" class="small" onClick={view}>
              Full view
            </button>
            <OpenFile url={url} server={server} />
          </>
        )}
      </div>
      <div class="row">
        <Kept {...props} />
        <button type="button" class="small" onClick={close}>
          Close
        </button>
      </div>
    </>
  );
}

/** Star, download, delete. */
function Kept({ shown: { tile, url }, work, close }: DetailProps) {
  if (tile === undefined) return null;
  const { starred, pictures } = tile.task;
  const remove = () => {
    close();
    work.remove([tile]);
  };
  return (
    <>
      <button
        type="button"
        class="small star"
        aria-pressed={starred}
        onClick={() => work.star([tile], !starred)}
      >
        <StarIcon /> {starred ? "Starred" : "Star"}
      </button>
      {url === undefined ? null : (
        <button type="button" class="small" onClick={() => work.download([tile])}>
          Download
        </button>
      )}
      <button type="button" class="small" onClick={remove}>
        {pictures.length > 1 ? `Delete all ${pictures.length} of this task` : "Delete"}
      </button>
    </>
  );
}

/** What else is made with the picture. */
function Ends({ shown, use, guide }: DetailProps) {
  return (
    <div class="row">
      <span class="hint">Start from it:</span>
      {ends.map(([label, part]) => (
        <button key={label} type="button" class="small" onClick={() => use(shown, part)}>
          {label}
        </button>
      ))}
      <button type="button" class="small" onClick={() => guide(shown)}>
        Guide by it
      </button>
    </div>
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
