import { useRef, useState } from "preact/hooks";
import type { GalleryTile } from "./tiles.ts";

/** The tiles that are chosen to do something with, in the order of the gallery. */
export function useChosen(tiles: readonly GalleryTile[]) {
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set());
  const last = useRef("");
  const chosen = tiles.filter(({ key }) => keys.has(key));

  const choose = ({ key }: GalleryTile, through: boolean) => {
    const from = tiles.findIndex((tile) => tile.key === last.current);
    const to = tiles.findIndex((tile) => tile.key === key);
    last.current = key;
    const range = through && from >= 0 ? tiles.slice(Math.min(from, to), Math.max(from, to) + 1) : [];
    setKeys((before) => {
      if (range.length > 0) return new Set([...before, ...range.map((tile) => tile.key)]);
      const after = new Set(before);
      if (!after.delete(key)) after.add(key);
      return after;
    });
  };
  return {
    chosen,
    keys: new Set(chosen.map(({ key }) => key)),
    choose,
    chooseNone: () => setKeys(new Set()),
  };
}
