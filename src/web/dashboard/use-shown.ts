import { useEffect, useState } from "preact/hooks";
import { findPage, noFilter } from "./gallery/found.ts";
import { type GalleryTile, ofKey, tilesOfTasks } from "./gallery/tiles.ts";
import { localUrl } from "./local-url.ts";
import type { Server } from "./server.ts";
import type { TaskRecord } from "./wire.ts";

/** A picture that is shown large, as far as it is known by now. */
export type Shown = Readonly<{
  key: string;
  tile: GalleryTile | undefined;
  record: TaskRecord | undefined;
  /** Where this page finds the picture, and what the server calls it. */
  url: string | undefined;
  address: string;
}>;

const nothing: ReadonlySet<string> = new Set();

/**
 * What is known of the picture with a key: its record is read, and what the gallery would know where its list does not hold it.
 *
 * @param tiles those of the gallery
 */
export function useShown(
  server: Server,
  key: string | undefined,
  tiles: readonly GalleryTile[],
): Shown | undefined {
  const [records, setRecords] = useState<Readonly<Record<string, TaskRecord>>>({});
  const [others, setOthers] = useState<Readonly<Record<string, GalleryTile>>>({});
  const { id, at } = ofKey(key ?? "");
  const listed = tiles.find((one) => one.key === key);
  const isListed = listed !== undefined;
  useEffect(() => {
    if (id === "") return;
    server
      .record(id, 0)
      .then((record) => record && setRecords({ [id]: record }))
      .catch(() => undefined);
  }, [server, id]);
  useEffect(() => {
    if (id === "" || isListed) return;
    findPage(server, noFilter, { task: id })
      .then(({ tasks }) =>
        setOthers(Object.fromEntries(tilesOfTasks(tasks, nothing).map((one) => [one.key, one]))),
      )
      .catch(() => undefined);
  }, [server, id, isListed]);
  if (key === undefined) return undefined;
  const record = records[id];
  const tile = listed ?? others[key];
  const address = tile?.picture?.address ?? record?.result?.[at] ?? "";
  return { key, tile, record, address, url: address === "" ? undefined : localUrl(address) };
}
