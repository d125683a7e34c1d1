import type { RefObject } from "preact";
import { useCallback, useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { Server } from "../server.ts";
import { textOf } from "../values.ts";
import type { LiveMessage } from "../wire.ts";
import { type Filter, type FoundPage, findPage, noFilter } from "./found.ts";
import { changed, emptyList, type ListChange } from "./found-list.ts";

/** Tasks in a page: some screens of them, and some tens of kilobytes. */
const atOnce = 100;
/** The most that the server gives at once, for a list that is read anew. */
const most = 500;
/** Milliseconds that nothing is typed before it is looked for. */
const pause = 200;

/** Milliseconds before a page that did not come is asked for again. */
const patience = 2000;

/** Hears everything that the server tells; returns the way to stop. */
export type Listen = (hear: (message: LiveMessage) => void) => () => void;

/**
 * The history as far as it was looked at, searched, and kept up to date with what happens to it anywhere.
 *
 * @param reachable whether the server answers; each time it does again, what is shown is read anew
 */
export function useGallery(server: Server, reachable: boolean, listen: Listen) {
  const [filter, setFilter] = useState<Filter>(noFilter);
  const [list, change] = useReducer(changed, emptyList);
  /** Not a state: that a page is asked for is nowhere shown, and to draw everything anew for it would hold up who scrolls. */
  const busy = useRef(false);
  const [, askAgain] = useState(0);
  const now = useRef({ filter, list });
  now.current = { filter, list };

  const refresh = useCallback(
    async (signal: AbortSignal) => {
      const limit = Math.min(most, Math.max(atOnce, now.current.list.tasks.length));
      const page = await findPage(server, filter, { limit }, signal);
      if (!signal.aborted) change({ kind: "fresh", page });
    },
    [server, filter],
  );
  useEffect(() => {
    if (!reachable) return;
    const stop = new AbortController();
    const timer = setTimeout(
      () => void refresh(stop.signal).catch(() => undefined),
      filter.prompt === "" ? 0 : pause,
    );
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [reachable, refresh, filter]);

  const more = () => {
    const { next } = list;
    if (busy.current || next === undefined || next === null) return;
    busy.current = true;
    const come = (page: FoundPage) => {
      busy.current = false;
      if (now.current.filter === filter) change({ kind: "more", page });
      else askAgain((times) => times + 1);
    };
    const fail = () => {
      busy.current = false;
      askAgain((times) => times + 1);
    };
    findPage(server, filter, { before: next, limit: atOnce }).then(
      come,
      // A server that does not answer is not asked again at once.
      () => setTimeout(fail, patience),
    );
  };

  useNews({ server, listen, now, change });

  return {
    filter,
    search: (part: Partial<Filter>) => setFilter((before) => ({ ...before, ...part })),
    ...list,
    more,
    change,
  };
}

type News = Readonly<{
  server: Server;
  listen: Listen;
  now: RefObject<Readonly<{ filter: Filter }>>;
  change: (what: ListChange) => void;
}>;

/** Keeps the list as it is on the server, as far as the filter lets it be seen. */
function useNews({ server, listen, now, change }: News): void {
  useEffect(() => {
    const look = async (task?: string) => {
      const { filter: asked } = now.current;
      const place = task === undefined ? { limit: atOnce } : { task };
      const { tasks } = await findPage(server, asked, place);
      if (now.current.filter === asked) change({ kind: "put", tasks });
    };
    const idsOf = ({ tasks }: LiveMessage) => (Array.isArray(tasks) ? tasks.map(textOf) : []);
    return listen((message) => {
      if (message.type === "settled" || message.type === "image")
        void look(textOf(message["task_id"])).catch(() => undefined);
      // Where there are no events the page is told to look again and again.
      if (message.type === "snapshot") void look().catch(() => undefined);
      if (message.type === "removed") change({ kind: "drop", ids: idsOf(message) });
      if (message.type !== "starred") return;
      const [ids, starred] = [idsOf(message), message["starred"] === true];
      if (!now.current.filter.starred) change({ kind: "star", ids, starred });
      else if (starred) for (const id of ids) void look(id).catch(() => undefined);
      else change({ kind: "drop", ids });
    });
  }, [server, listen, now, change]);
}
