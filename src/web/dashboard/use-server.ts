import { useCallback, useEffect, useReducer, useRef, useState } from "preact/hooks";
import { Connection } from "./connection.ts";
import type { Listen } from "./gallery/use-gallery.ts";
import { reduce } from "./reduce.ts";
import { Locked, type QueueState, type Server } from "./server.ts";
import { initialState } from "./state.ts";
import type { LiveMessage } from "./wire.ts";

/** How many of the newest finished tasks are read whole, for what was made last. */
const newest = 8;

/** What a server that does not say otherwise brings pictures to. */
const sdxlSizeNumber = 1024;

/** Everything that comes from the server: kept up to date by the connection, read anew when something ended. */
export function useServer(server: Server) {
  const [state, tell] = useReducer(reduce, initialState);
  const [working, setWorking] = useState(sdxlSizeNumber);
  const [connection, setConnection] = useState<Connection>();
  const [round, setRound] = useState(0);
  const listeners = useRef(new Set<(message: LiveMessage) => void>());
  const previews = useRef(new Map<string, string>());

  useEffect(() => {
    const made = new Connection(server, {
      link: (link) => tell({ kind: "link", link }),
      message: (message) => {
        tell({ kind: "message", message });
        for (const hear of listeners.current) hear(message);
      },
      preview: (id, url) => {
        const before = previews.current.get(id);
        if (before?.startsWith("blob:") === true) URL.revokeObjectURL(before);
        previews.current.set(id, url);
        tell({ kind: "preview", id, url });
      },
    });
    setConnection(made);
    return () => made.close();
  }, [server, round]);

  // Answers may overtake each other, and an older one would put back what was made before the last.
  const reading = useRef(0);
  const read = useCallback(async () => {
    const turn = ++reading.current;
    try {
      const [lists, queue] = await Promise.all([server.lists(newest), server.queue()]);
      if (turn !== reading.current) return;
      tell({ kind: "lists", ...lists });
      // The whole line: the lists have the first of it, with what they ask for.
      tell(queueTold(queue));
      setWorking((await server.workingSize()) ?? sdxlSizeNumber);
    } catch (error) {
      if (error instanceof Locked) tell({ kind: "link", link: "locked" });
    }
  }, [server]);
  const reachable = ["live", "events", "asking"].includes(state.link);
  useEffect(() => {
    if (reachable) void read();
  }, [reachable, state.stale, read]);

  const open = [...state.pending, ...state.running.map(({ id }) => id)];
  const nameless = open.find((id) => state.prompts[id] === undefined);
  useEffect(() => {
    if (nameless === undefined) return;
    const know = (prompt: string) => tell({ kind: "prompt", id: nameless, prompt });
    server.prompt(nameless).then(know, () => know(""));
  }, [nameless, server]);

  const unlock = (key: string) => {
    server.useKey(key);
    tell({ kind: "link", link: "connecting" });
    setRound((before) => before + 1);
  };
  const listen: Listen = useCallback((hear) => {
    listeners.current.add(hear);
    return () => listeners.current.delete(hear);
  }, []);
  return { state, connection, working, unlock, reachable, listen, heard: heardBy(tell) };
}

const queueTold = (queue: QueueState) => ({ kind: "message", message: { type: "queue", ...queue } }) as const;

/** What takes an answer that says how the waiting line is. */
const heardBy =
  (tell: (told: ReturnType<typeof queueTold>) => void) =>
  (queue: QueueState): void =>
    tell(queueTold(queue));
