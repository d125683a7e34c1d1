import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Missing, type Server } from "../server.ts";

/** Milliseconds in which a deletion can be taken back. */
const patience = 7000;

type Waiting = Readonly<{ ids: readonly string[]; timer: ReturnType<typeof setTimeout> }>;

/**
 * Deletes tasks so that it can be undone: they are out of sight at once, and the server is asked when the time to take it back is over, or the
 * page is left.
 *
 * @param complain hears why something could not be deleted; it is shown again
 */
export function useRemoval(server: Server, complain: (error: unknown) => void) {
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const [waiting, setWaiting] = useState<Waiting>();
  const latest = useRef<Waiting | undefined>(undefined);
  latest.current = waiting;

  const show = useCallback(
    (ids: readonly string[]) => setGone((before) => new Set([...before].filter((id) => !ids.includes(id)))),
    [],
  );
  const commit = useCallback(
    ({ ids, timer }: Waiting) => {
      clearTimeout(timer);
      const all = ids.map(async (id) => {
        try {
          await server.remove(id);
        } catch (error) {
          // Somebody else was quicker.
          if (error instanceof Missing) return;
          show([id]);
          complain(error);
        }
      });
      void Promise.all(all);
      setWaiting((now) => (now?.ids === ids ? undefined : now));
    },
    [server, complain, show],
  );
  useEffect(() => {
    const leave = () => latest.current !== undefined && commit(latest.current);
    window.addEventListener("pagehide", leave);
    return () => window.removeEventListener("pagehide", leave);
  }, [commit]);

  const remove = (ids: readonly string[]) => {
    if (ids.length === 0) return;
    if (waiting !== undefined) commit(waiting);
    setGone((before) => new Set([...before, ...ids]));
    const next: Waiting = { ids, timer: setTimeout(() => commit(next), patience) };
    setWaiting(next);
  };
  const undo = () => {
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    show(waiting.ids);
    setWaiting(undefined);
  };
  return { gone, waiting: waiting?.ids, remove, undo };
}
