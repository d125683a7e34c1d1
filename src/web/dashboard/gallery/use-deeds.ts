import { useState } from "preact/hooks";
import { wordsOf } from "../complaint.ts";
import { type Server, Unanswered } from "../server.ts";
import { useReturn } from "../use-return.ts";
import { download } from "./download.ts";
import type { FoundList, ListChange } from "./found-list.ts";
import type { GalleryTile } from "./tiles.ts";
import { useRemoval } from "./use-removal.ts";

const idsOf = (tiles: readonly GalleryTile[]): readonly string[] => [
  ...new Set(tiles.map(({ task }) => task.id)),
];

/**
 * What is done with pictures of the gallery. What went wrong is said in `trouble` until something else is done, or until it is true no longer.
 *
 * @param isReachable whether the server answers
 * @param change tells the list at once what the server will tell it later
 */
export function useDeeds(server: Server, isReachable: boolean, change: (what: ListChange) => void) {
  const [failure, setFailure] = useState<Readonly<{ error: unknown }>>();
  const [progress, setProgress] = useState("");
  const complain = (error: unknown) => setFailure({ error });
  const forget = () => setFailure(undefined);
  useReturn(isReachable, () =>
    setFailure((before) => (before?.error instanceof Unanswered ? undefined : before)),
  );
  const removal = useRemoval(server, complain);

  const star = (tiles: readonly GalleryTile[], starred: boolean) => {
    forget();
    const ids = idsOf(tiles);
    change({ kind: "star", ids, starred });
    for (const id of ids)
      server.star(id, starred).catch((error: unknown) => {
        change({ kind: "star", ids: [id], starred: !starred });
        complain(error);
      });
  };
  const remove = (tiles: readonly GalleryTile[]) => {
    forget();
    removal.remove(idsOf(tiles));
  };
  const fetchAll = (tiles: readonly GalleryTile[]) => {
    forget();
    const pictures = tiles.flatMap(({ picture }) => picture ?? []);
    const tell = (done: number) => setProgress(`Packing ${done} of ${pictures.length} pictures …`);
    download(server, pictures, tell)
      .catch(complain)
      .finally(() => setProgress(""));
  };
  const trouble = failure === undefined ? "" : wordsOf(failure.error);
  return { ...removal, star, remove, download: fetchAll, trouble, progress, forget };
}

/** What the gallery can do. */
export type GalleryWork = Pick<ReturnType<typeof useDeeds>, "star" | "remove" | "download">;

/** How many pictures go with tasks. */
export const picturesOf = ({ tasks }: Pick<FoundList, "tasks">, ids: readonly string[]): number =>
  tasks.filter(({ id }) => ids.includes(id)).reduce((sum, { pictures }) => sum + pictures.length, 0);
