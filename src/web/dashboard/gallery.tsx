import { localUrl } from "./local-url.ts";
import { Picture } from "./picture.tsx";
import type { Server } from "./server.ts";
import { isObject, textOf } from "./values.ts";
import { type TaskRecord } from "./wire.ts";

/** One tile: a picture of a task, or a task that has none. Its key stays the same when others come before it. */
export type Tile = Readonly<{
  key: string;
  record: TaskRecord;
  /** Where this page finds it, and what the server calls it. */
  url: string | undefined;
  address: string | undefined;
}>;

/** All pictures of the records, newest task first. */
export function tilesOf(history: readonly TaskRecord[]): readonly Tile[] {
  return history.flatMap((record): readonly Tile[] => {
    const urls = record.result ?? [];
    const key = (index: number) => `${record.task_id}/${index}`;
    if (urls.length > 0)
      return urls.map((address, index) => ({ key: key(index), record, url: localUrl(address), address }));
    return record.task_status === "failed"
      ? [{ key: key(0), record, url: undefined, address: undefined }]
      : [];
  });
}

/** Why a task failed, in the server's words; empty for one that did not. */
export function failureOf({ error }: TaskRecord): string {
  if (typeof error === "string") return error;
  return isObject(error) && typeof error["message"] === "string" ? error["message"] : "";
}

type GalleryProps = Readonly<{
  tiles: readonly Tile[];
  server: Server;
  open: (key: string) => void;
  /** Shows more; undefined where there is no more. */
  older: (() => void) | undefined;
}>;

/** All pictures, small. */
export function Gallery({ tiles, server, open, older }: GalleryProps) {
  return (
    <section class="card" aria-label="Recent pictures">
      <h2>Recent</h2>
      {tiles.length === 0 ? (
        <p class="empty">Nothing yet. Describe something, then press Generate, or Control and Enter.</p>
      ) : (
        <div class="grid">
          {tiles.map(({ key, record, url }) => {
            const prompt = textOf(record.req_params["prompt"]) || "No prompt";
            return (
              <button
                type="button"
                class="thumb"
                key={key}
                aria-label={`Details: ${prompt}`}
                onClick={() => open(key)}
              >
                {url === undefined ? (
                  <span class="failed">Failed: {failureOf(record).slice(0, 80)}</span>
                ) : (
                  <Picture src={url} alt={prompt} server={server} />
                )}
                <span class="caption">{prompt}</span>
              </button>
            );
          })}
        </div>
      )}
      {older === undefined ? null : (
        <button type="button" class="small older" onClick={older}>
          Show older ones
        </button>
      )}
    </section>
  );
}
