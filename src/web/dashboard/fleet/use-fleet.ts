import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Listen } from "../gallery/use-gallery.ts";
import type { Server } from "../server.ts";
import type { FleetState } from "./fleet-state.ts";

/** Milliseconds after something happened: what comes together is read together. */
const together = 250;

/** Milliseconds between two readings, of a few workers and of many. */
const rhythm = (workers: number): number => (workers > 100 ? 6000 : 2000);

/** What may change something in a fleet. */
const telling: readonly string[] = ["engine", "queue", "started", "settled", "status"];

/** The fleet of the server: read anew when something happens, not more often than now and then; nothing where there is none. */
export function useFleet(server: Server, listen: Listen, reachable: boolean) {
  const [fleet, setFleet] = useState<FleetState>();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const hasNone = useRef(false);
  const count = useRef(0);
  const readAt = useRef(Number.NEGATIVE_INFINITY);
  const read = useCallback(async () => {
    readAt.current = performance.now();
    try {
      const found = await server.fleet();
      hasNone.current = found === undefined;
      count.current = found?.workers.length ?? 0;
      setFleet(found);
    } catch {
      // It is read again with the next event.
    }
  }, [server]);
  const soon = useCallback(
    (milliseconds: number) => {
      if (hasNone.current || timer.current !== undefined) return;
      timer.current = setTimeout(() => {
        timer.current = undefined;
        void read();
      }, milliseconds);
    },
    [read],
  );
  useEffect(() => {
    if (!reachable) return;
    hasNone.current = false;
    void read();
    // A worker that is lost, or a rate that falls, is told by nobody.
    const clock = setInterval(() => soon(0), 15_000);
    return () => clearInterval(clock);
  }, [reachable, read, soon]);
  useEffect(
    () =>
      listen(({ type }) => {
        const due = readAt.current + rhythm(count.current) - performance.now();
        if (telling.includes(type)) soon(Math.max(together, due));
      }),
    [listen, soon],
  );
  return { fleet, read };
}
