import type { Connection } from "./connection.ts";
import { Workers } from "./fleet/workers.tsx";
import type { Listen } from "./gallery/use-gallery.ts";
import { Queue } from "./queue.tsx";
import type { QueueState, Server } from "./server.ts";
import { Stage } from "./stage.tsx";
import type { State } from "./state.ts";
import type { Tile } from "./tile.ts";

type NowProps = Readonly<{
  state: State;
  server: Server;
  connection: Connection | undefined;
  attempt: (work: Promise<unknown> | undefined) => void;
  /** Told how the waiting line is now. */
  heard: (queue: QueueState) => void;
  listen: Listen;
  /** Whether the server answers. */
  reachable: boolean;
  last: Tile | undefined;
  open: (key: string) => void;
}>;

/** What is being made, and what waits; both can be steered. */
export function Now({ state, server, connection, attempt, heard, last, open, ...hearing }: NowProps) {
  // Over HTTP: it is there also where the live channel is not.
  const steer = (wish: Readonly<Record<string, unknown>>) => attempt(server.queue(wish).then(heard));
  return (
    <>
      <Stage
        {...{ state, server, last, open }}
        control={(id, action) => attempt(connection?.control(id, action))}
      />
      <Queue
        state={state}
        deeds={{
          pause: (paused) => steer({ action: paused ? "pause" : "resume" }),
          clear: () => steer({ action: "clear" }),
          move: (id, before) => steer({ action: "move", task_id: id, before }),
          cancel: (id) => attempt(connection?.control(id, "cancel")),
        }}
      />
      <Workers {...{ server, attempt, ...hearing }} prompts={state.prompts} />
    </>
  );
}
