import { usePageKey } from "../use-page-key.ts";
import type { GalleryTile } from "./tiles.ts";
import type { GalleryWork } from "./use-deeds.ts";

type ChosenDeeds = Pick<GalleryWork, "remove" | "download"> &
  Readonly<{ star: (tiles: readonly GalleryTile[]) => void }>;

/** While pictures are chosen, what is done with them is heard from anywhere on the page, not only from a tile. */
export function useChosenKeys(chosen: readonly GalleryTile[], deeds: ChosenDeeds): void {
  const isOn = chosen.length > 0;
  usePageKey("s", isOn, () => deeds.star(chosen));
  usePageKey("d", isOn, () => deeds.download(chosen));
  usePageKey("Delete", isOn, () => deeds.remove(chosen));
  usePageKey("Backspace", isOn, () => deeds.remove(chosen));
}
