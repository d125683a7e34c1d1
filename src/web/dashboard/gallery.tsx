import { localUrl } from "./local-url.ts";
import { Picture } from "./picture.tsx";
import type { Server } from "./server.ts";
import { isObject, textOf } from "./values.ts";
import { type TaskRecord } from "./wire.ts";

/** One tile: a picture of a task, or a task that has none. */
export type Tile = Readonly<{ record: TaskRecord; url: string | undefined; index: number }>;

/** All pictures of the records, newest task first. */
export function tilesOf(history: readonly TaskRecord[]): readonly Tile[] {
  return history.flatMap((record): readonly Tile[] => {
    const urls = record.result ?? [];
    if (urls.length > 0) return urls.map((url, index) => ({ record, url: localUrl(url), index }));
    return record.task_status === "failed" ? [{ record, url: undefined, index: 0 }] : [];
  });
}

/** Why a task failed, in the server's words; empty for one that did not. */
export function failureOf({ error }: TaskRecord): string {
  if (typeof error === "string") return error;
  return isObject(error) && typeof error["message"] === "string" ? error["message"] : "";
}

type GalleryProps = Readonly<{ tiles: readonly Tile[]; server: Server; open: (at: number) => void }>;

export function Gallery({ tiles, server, open }: GalleryProps) {
  return (
    <section class="card" aria-label="Recent pictures">
      <h2>Recent</h2>
      {tiles.length === 0 ? (
        <p class="empty">Nothing yet. Describe something on the left, then press Control and Enter.</p>
      ) : (
        <div class="grid">
          {tiles.map(({ record, url, index }, at) => {
            const prompt = textOf(record.req_params["prompt"]) || "No prompt";
            return (
              <button
                type="button"
                class="thumb"
                key={`${record.task_id}/${index}`}
                aria-label={`Details: ${prompt}`}
                onClick={() => open(at)}
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
    </section>
  );
}
