import { useCallback, useEffect, useReducer, useRef, useState } from "preact/hooks";
import { Connection } from "./connection.ts";
import { reduce } from "./reduce.ts";
import { Locked, type Server } from "./server.ts";
import { initialState } from "./state.ts";

/** How many finished tasks are shown at first, and how many more each time. */
const tasksAtOnce = 60;

/** What a server that does not say otherwise brings pictures to. */
const sdxlSizeNumber = 1024;

/** Everything that comes from the server: kept up to date by the connection, read anew when something ended. */
export function useServer(server: Server) {
  const [state, tell] = useReducer(reduce, initialState);
  const [working, setWorking] = useState(sdxlSizeNumber);
  const [connection, setConnection] = useState<Connection>();
  const [round, setRound] = useState(0);
  const [most, setMost] = useState(tasksAtOnce);
  const [more, setMore] = useState(false);
  const preview = useRef("");

  useEffect(() => {
    const made = new Connection(server, {
      link: (link) => tell({ kind: "link", link }),
      message: (message) => tell({ kind: "message", message }),
      preview: (id, url) => {
        if (preview.current.startsWith("blob:")) URL.revokeObjectURL(preview.current);
        preview.current = url;
        tell({ kind: "preview", id, url });
      },
    });
    setConnection(made);
    return () => made.close();
  }, [server, round]);

  const read = useCallback(async () => {
    try {
      const lists = await server.lists(most);
      tell({ kind: "lists", ...lists });
      setMore(lists.history.length >= most);
      setWorking((await server.workingSize()) ?? sdxlSizeNumber);
    } catch (error) {
      if (error instanceof Locked) tell({ kind: "link", link: "locked" });
    }
  }, [server, most]);
  const reachable = ["live", "events", "asking"].includes(state.link);
  useEffect(() => {
    if (reachable) void read();
  }, [reachable, state.stale, read]);

  const nameless = [...state.pending, ...(state.running === undefined ? [] : [state.running.id])].find(
    (id) => state.prompts[id] === undefined,
  );
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
  /** Shows more of the past, where there is more. */
  const older = more ? () => setMost((before) => before + tasksAtOnce) : undefined;
  return { state, connection, working, unlock, older, reachable };
}
