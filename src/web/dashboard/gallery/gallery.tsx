import { useState } from "preact/hooks";
import type { Server } from "../server.ts";
import { usePageKey } from "../use-page-key.ts";
import { CompareMany } from "./compare-many.tsx";
import { isFiltered } from "./found.ts";
import { Grid } from "./grid.tsx";
import { KeysHelp } from "./keys-help.tsx";
import { SearchBar } from "./search-bar.tsx";
import { SelectionBar } from "./selection-bar.tsx";
import type { GalleryTile } from "./tiles.ts";
import { useChosen } from "./use-chosen.ts";
import { useChosenKeys } from "./use-chosen-keys.ts";
import type { GalleryWork } from "./use-deeds.ts";
import type { useGallery } from "./use-gallery.ts";

type GalleryProps = Readonly<{
  tiles: readonly GalleryTile[];
  server: Server;
  gallery: ReturnType<typeof useGallery>;
  work: GalleryWork;
  open: (key: string) => void;
}>;

/** All pictures that were made: searched, chosen, starred, compared, downloaded and deleted, by hand or by keys. */
export function Gallery({ tiles, server, gallery, work, open }: GalleryProps) {
  const { filter, search, next, more } = gallery;
  const { chosen, keys, choose, chooseNone } = useChosen(tiles);
  const [comparing, setComparing] = useState(false);
  const [mode, setMode] = useState(false);
  const closeCompared = () => {
    setComparing(false);
    // Keys go on from a chosen picture, not from the button that compared them.
    document.querySelector<HTMLElement>(".tile.chosen .thumb")?.focus({ preventScroll: true });
  };
  const stop = () => {
    chooseNone();
    setMode(false);
  };
  const those = (tile: GalleryTile) => (chosen.length === 0 ? [tile] : chosen);
  const remove = (some: readonly GalleryTile[]) => {
    work.remove(some);
    stop();
  };
  const star = (some: readonly GalleryTile[]) => work.star(some, !some.every(({ task }) => task.starred));
  const deeds = {
    open: (tile: GalleryTile) => open(tile.key),
    choose,
    star: (tile: GalleryTile) => work.star([tile], !tile.task.starred),
    starThose: (tile: GalleryTile) => star(those(tile)),
    remove: (tile: GalleryTile) => remove(those(tile)),
    download: (tile: GalleryTile) => work.download(those(tile)),
  };
  useChosenKeys(chosen, { star, remove, download: work.download });
  usePageKey("Escape", (mode || chosen.length > 0) && !comparing, stop);
  const count = next === null ? `${tiles.length}` : `${tiles.length}+`;
  return (
    <section class="card gallery" aria-label="Pictures that were made">
      <Head
        title={`Pictures${tiles.length === 0 ? "" : ` (${count})`}`}
        mode={mode}
        toggle={() => (mode ? stop() : setMode(true))}
      />
      <SearchBar {...{ server, filter, search }} />
      {tiles.length > 0 ? (
        <Grid {...{ tiles, server, deeds, more }} chosen={keys} choosing={mode || keys.size > 0} />
      ) : next === undefined ? null : (
        <p class="empty">
          {isFiltered(filter)
            ? "Nothing like that was made."
            : "Nothing yet. Describe something, then press Generate, or Control and Enter."}
        </p>
      )}
      {chosen.length === 0 ? null : (
        <SelectionBar
          {...{ chosen, work, star, remove }}
          chooseNone={stop}
          compare={() => setComparing(true)}
        />
      )}
      {comparing ? <CompareMany {...{ server, chosen }} close={closeCompared} /> : null}
    </section>
  );
}

type HeadProps = Readonly<{ title: string; mode: boolean; toggle: () => void }>;

function Head({ title, mode, toggle }: HeadProps) {
  return (
    <div class="head">
      <h2>{title}</h2>
      <div class="row">
        <button type="button" class="small" aria-pressed={mode} onClick={toggle}>
          Choose
        </button>
        <KeysHelp />
      </div>
    </div>
  );
}
