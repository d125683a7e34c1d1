import type { GalleryTile } from "./tiles.ts";
import type { GalleryWork } from "./use-deeds.ts";

type SelectionProps = Readonly<{
  chosen: readonly GalleryTile[];
  work: GalleryWork;
  star: (tiles: readonly GalleryTile[]) => void;
  remove: (tiles: readonly GalleryTile[]) => void;
  compare: () => void;
  chooseNone: () => void;
}>;

/** Pictures that can be looked at side by side. */
const mostCompared = 6;

/** What can be done with the chosen pictures; it stays in sight while one scrolls. */
export function SelectionBar({ chosen, work, star, remove, compare, chooseNone }: SelectionProps) {
  const allStarred = chosen.every(({ task }) => task.starred);
  const pictures = chosen.filter(({ picture }) => picture !== undefined).length;
  return (
    <div class="selection" role="group" aria-label="Chosen pictures">
      <span>{chosen.length} chosen</span>
      <button type="button" disabled={pictures < 2 || pictures > mostCompared} onClick={compare}>
        Compare
      </button>
      <button type="button" onClick={() => star(chosen)}>
        {allStarred ? "Unstar" : "Star"}
      </button>
      <button type="button" disabled={pictures === 0} onClick={() => work.download(chosen)}>
        Download
      </button>
      <button type="button" onClick={() => remove(chosen)}>
        Delete
      </button>
      <button type="button" aria-label="Choose none" onClick={chooseNone}>
        None
      </button>
    </div>
  );
}
