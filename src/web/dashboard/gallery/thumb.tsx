import { useMemo } from "preact/hooks";
import { Picture } from "../picture.tsx";
import type { Server } from "../server.ts";
import { StarIcon } from "./icons.tsx";
import { type Layout, placeOf } from "./layout.ts";
import type { TileDeeds } from "./tile-keys.ts";
import type { GalleryTile } from "./tiles.ts";

type ThumbProps = Readonly<{
  tile: GalleryTile;
  server: Server;
  deeds: Pick<TileDeeds, "open" | "choose" | "star">;
  /** Which it is, from 0, of how many, and how they lie. */
  at: number;
  of: number;
  layout: Layout;
  isActive: boolean;
  isChosen: boolean;
  /** Whether a click chooses. */
  choosing: boolean;
  activate: (key: string) => void;
}>;

/**
 * One picture, small: opens it; in its corners it can be chosen and starred, which the keys x and s do as well. All are
 * asked for at each row that is scrolled by; one is made anew only when it is told something else.
 */
export function Thumb(props: ThumbProps) {
  const { tile, server, deeds, at, of, layout, isActive, isChosen, choosing, activate } = props;
  const { key, picture, task } = tile;
  return useMemo(
    () => <Tile {...props} />,
    [key, picture, task, server, deeds, at, of, layout, isActive, isChosen, choosing, activate],
  );
}

function Tile({ tile, server, deeds, at, of, layout, isActive, isChosen, choosing, activate }: ThumbProps) {
  const { key, picture, task } = tile;
  const { prompt, starred, failure } = task;
  const click = (event: MouseEvent) => {
    // A press of Enter is a click without a finger: it opens, whatever is chosen.
    const chooses = event.detail > 0 && (choosing || event.shiftKey || event.ctrlKey || event.metaKey);
    if (chooses) deeds.choose(tile, event.shiftKey);
    else deeds.open(tile);
  };
  return (
    <li
      class={`tile ${isChosen ? "chosen" : ""} ${starred ? "starred" : ""} ${choosing ? "choosing" : ""}`}
      style={placeOf(layout, at)}
      aria-setsize={of}
      aria-posinset={at + 1}
    >
      <button
        type="button"
        class="thumb"
        data-key={key}
        tabIndex={isActive ? 0 : -1}
        aria-label={`Details: ${prompt}`}
        onFocus={() => activate(key)}
        onClick={click}
      >
        {picture === undefined ? (
          <span class="failed">Failed: {failure.slice(0, 80)}</span>
        ) : (
          <Picture src={picture.small} alt="" server={server} otherwise={picture.url} />
        )}
        <span class="caption">{prompt}</span>
      </button>
      <input
        type="checkbox"
        class="choose"
        tabIndex={-1}
        checked={isChosen}
        aria-label={`Choose ${prompt}`}
        onClick={(event) => deeds.choose(tile, event.shiftKey)}
      />
      <button
        type="button"
        class="star"
        tabIndex={-1}
        aria-pressed={starred}
        aria-label={`Star ${prompt}`}
        onClick={() => deeds.star(tile)}
      >
        <StarIcon />
      </button>
    </li>
  );
}
