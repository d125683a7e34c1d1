import { useMemo } from "preact/hooks";
import type { Server } from "../server.ts";
import { tilesOfTasks } from "./tiles.ts";
import { useDeeds } from "./use-deeds.ts";
import { type Listen, useGallery } from "./use-gallery.ts";

type Source = Readonly<{ server: Server; reachable: boolean; listen: Listen }>;

/**
 * The gallery, what can be done in it, and the tiles that are in sight.
 *
 * @param unseen tasks that are nobody's pictures
 */
export function usePictures({ server, reachable, listen }: Source, unseen: ReadonlySet<string>) {
  const gallery = useGallery(server, reachable, listen);
  const work = useDeeds(server, reachable, gallery.change);
  const hidden = useMemo(() => new Set([...unseen, ...work.gone]), [unseen, work.gone]);
  const tiles = useMemo(() => tilesOfTasks(gallery.tasks, hidden), [gallery.tasks, hidden]);
  return { gallery, work, tiles, hidden };
}
