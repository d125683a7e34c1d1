import type { GalleryTile } from "./tiles.ts";

/** What can be done with a tile. */
export type TileDeeds = Readonly<{
  open: (tile: GalleryTile) => void;
  /** This one, whatever is chosen. */
  star: (tile: GalleryTile) => void;
  /** The chosen ones, or this one where none is; as the two below. */
  starThose: (tile: GalleryTile) => void;
  /** Chooses it, or no longer; with `through` all from the last one that was chosen. */
  choose: (tile: GalleryTile, through: boolean) => void;
  remove: (tile: GalleryTile) => void;
  download: (tile: GalleryTile) => void;
}>;

type Place = Readonly<{ tile: GalleryTile; at: number; columns: number; last: number }>;

/**
 * What a key does on a tile; Enter is the button's own.
 *
 * @param go leads to another tile
 * @returns whether it does anything
 */
export function tileKeys(
  event: Readonly<Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">>,
  { tile, at, columns, last }: Place,
  deeds: TileDeeds,
  go: (at: number) => void,
): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  switch (event.key) {
    case "ArrowLeft":
      go(at - 1);
      return true;
    case "ArrowRight":
      go(at + 1);
      return true;
    case "ArrowUp":
      if (at >= columns) go(at - columns);
      return true;
    case "ArrowDown":
      go(at + columns);
      return true;
    case "Home":
      go(0);
      return true;
    case "End":
      go(last);
      return true;
    case "Delete":
    case "Backspace":
      deeds.remove(tile);
      // What is next takes its place; the keys must not be lost with it.
      go(at === last ? at - 1 : at + 1);
      return true;
    case "s":
      deeds.starThose(tile);
      return true;
    case "x":
    case "X":
      deeds.choose(tile, event.shiftKey);
      return true;
    case "d":
      deeds.download(tile);
      return true;
    default:
      return false;
  }
}
