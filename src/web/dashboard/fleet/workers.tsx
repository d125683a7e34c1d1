import { useState } from "preact/hooks";
import type { Listen } from "../gallery/use-gallery.ts";
import type { Server } from "../server.ts";
import { type FleetState, fits } from "./fleet-state.ts";
import { useFleet } from "./use-fleet.ts";
import { type WorkerDeeds, WorkerItem } from "./worker-item.tsx";

/** So many are shown without being asked for, and so many at most. */
const unfolded = 20;
const most = 100;

type WorkersProps = Readonly<{
  server: Server;
  listen: Listen;
  reachable: boolean;
  attempt: (work: Promise<unknown> | undefined) => void;
  /** Prompts by task. */
  prompts: Readonly<Record<string, string>>;
}>;

/** The workers of a fleet: what each holds, draws and achieves, and words to it. Not there where the server is in none. */
export function Workers({ server, listen, reachable, attempt, prompts }: WorkersProps) {
  const { fleet, read } = useFleet(server, listen, reachable);
  if (fleet === undefined) return null;
  const steer: WorkerDeeds = (id, word) =>
    attempt(server.steer(id, word).then(() => setTimeout(() => void read(), 300)));
  return (
    <section class="card workers" aria-label="Workers">
      <div class="head">
        <h2>Workers</h2>
        <span class="hint" role="status">
          {summaryOf(fleet)}
        </span>
      </div>
      {fleet.stuck.map(({ tasks, why }) => (
        <p class="problem" key={why}>
          {tasks === 1 ? "A task waits" : `${tasks} tasks wait`} that nobody takes. {why}
        </p>
      ))}
      {fleet.workers.length === 0 ? (
        <p class="empty">No worker is there.</p>
      ) : fleet.workers.length > unfolded ? (
        <details>
          <summary>All {fleet.workers.length} workers</summary>
          <Many {...{ fleet, prompts, steer }} />
        </details>
      ) : (
        <List {...{ fleet, prompts, steer }} />
      )}
    </section>
  );
}

type ListProps = Readonly<{
  fleet: FleetState;
  prompts: WorkersProps["prompts"];
  steer: WorkerDeeds;
}>;

function List({ fleet, prompts, steer }: ListProps) {
  return (
    <ul>
      {fleet.workers.map((worker) => (
        <WorkerItem key={worker.id} {...{ worker, prompts, steer }} />
      ))}
    </ul>
  );
}

/** More than one looks through: those that a text is said of. */
function Many({ fleet, prompts, steer }: ListProps) {
  const [text, setText] = useState("");
  const found = fleet.workers.filter((worker) => fits(worker, text));
  const left = found.length - most;
  return (
    <>
      <label for="worker-filter">Name, device, state or checkpoint</label>
      <input
        id="worker-filter"
        type="search"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <List fleet={{ ...fleet, workers: found.slice(0, most) }} {...{ prompts, steer }} />
      <p class="hint" role="status">
        {found.length === 0
          ? "None is like that."
          : left > 0
            ? `And ${left} more; say more of those that you look for.`
            : ""}
      </p>
    </>
  );
}

const summaryOf = ({ counts }: FleetState): string =>
  counts
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
