import { useMemo, useRef } from "preact/hooks";
import type { TileDeeds } from "./tile-keys.ts";

/** What the tiles' own buttons do: the same functions for ever, so that no tile is made anew for them, and what they do is the latest. */
export function useLatestDeeds(deeds: TileDeeds): Pick<TileDeeds, "open" | "choose" | "star"> {
  const now = useRef(deeds);
  now.current = deeds;
  return useMemo(
    () => ({
      open: (tile) => now.current.open(tile),
      choose: (tile, through) => now.current.choose(tile, through),
      star: (tile) => now.current.star(tile),
    }),
    [],
  );
}
