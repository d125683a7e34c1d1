import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Server } from "../server.ts";
import { sizesOf } from "./layout.ts";
import { Thumb } from "./thumb.tsx";
import { type TileDeeds, tileKeys } from "./tile-keys.ts";
import type { GalleryTile } from "./tiles.ts";
import { useLatestDeeds } from "./use-latest-deeds.ts";
import { useWindow } from "./use-window.ts";

type GridProps = Readonly<{
  tiles: readonly GalleryTile[];
  chosen: ReadonlySet<string>;
  /** Whether a click chooses. */
  choosing: boolean;
  server: Server;
  deeds: TileDeeds;
  /** Asks for more of the past. */
  more: () => void;
}>;

/** Rows from the end at which more is asked for. */
const ahead = 8;

/** All tiles, of which only those in sight are in the page. One of them is in the order of the Tab key; arrows lead to the others. */
export function Grid({ tiles, chosen, choosing, server, deeds, more }: GridProps) {
  const { place, layout, rows } = useWindow(tiles.length);
  const [active, setActive] = useState<string>();
  const wanted = useRef("");
  const { columns, step } = layout;
  const latest = useLatestDeeds(deeds);
  const from = rows.first * columns;
  const shown = tiles.slice(from, from + rows.count * columns);
  const isNearEnd = (rows.first + rows.count + ahead) * columns >= tiles.length;
  useEffect(() => {
    if (isNearEnd) more();
  }, [isNearEnd, tiles.length, more]);

  // What was scrolled to is drawn now, and can be focused; before the next key is heard.
  useLayoutEffect(() => {
    if (wanted.current === "") return;
    const button = place.current?.querySelector<HTMLElement>(`[data-key="${wanted.current}"]`);
    button?.focus({ preventScroll: true });
    if (button) wanted.current = "";
  });

  const go = (at: number) => {
    const tile = tiles[Math.min(tiles.length - 1, Math.max(0, at))];
    const element = place.current;
    if (tile === undefined || element === null) return;
    wanted.current = tile.key;
    setActive(tile.key);
    const top = element.getBoundingClientRect().top + Math.floor(tiles.indexOf(tile) / columns) * step;
    if (top < 0) window.scrollBy({ top: top - 12 });
    else if (top + step > window.innerHeight) window.scrollBy({ top: top + step - window.innerHeight + 12 });
  };
  const keys = (event: KeyboardEvent) => {
    const focused = event.target instanceof HTMLElement ? event.target.dataset["key"] : undefined;
    // Whoever holds an arrow is ahead of what is drawn.
    const at = tiles.findIndex(({ key }) => key === (wanted.current || focused));
    const tile = tiles[at];
    if (tile !== undefined && tileKeys(event, { tile, at, columns, last: tiles.length - 1 }, deeds, go))
      event.preventDefault();
  };
  const first = shown.some(({ key }) => key === active) ? active : shown[0]?.key;
  return (
    <div ref={place}>
      <ul class="grid" style={sizesOf(layout, tiles.length)} aria-label="All pictures" onKeyDown={keys}>
        {shown.map((tile, at) => (
          <Thumb
            key={tile.key}
            {...{ tile, server, choosing, layout }}
            deeds={latest}
            at={from + at}
            of={tiles.length}
            isActive={tile.key === first}
            isChosen={chosen.has(tile.key)}
            activate={setActive}
          />
        ))}
      </ul>
    </div>
  );
}
