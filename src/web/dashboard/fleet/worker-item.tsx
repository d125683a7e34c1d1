import { AskedButton } from "../asked-button.tsx";
import type { FleetEngine, FleetWorker } from "./fleet-state.ts";

/** Tells a worker something: pause, resume, drain, remove. */
export type WorkerDeeds = (id: string, word: string) => void;

type ItemProps = Readonly<{
  worker: FleetWorker;
  prompts: Readonly<Record<string, string>>;
  steer: WorkerDeeds;
}>;

/** A worker: what it does, what its engines hold and draw, and what it can be told. */
export function WorkerItem({ worker, prompts, steer }: ItemProps) {
  const { id, state, engines, perHour } = worker;
  const isBusy = state === "ready" && engines.some(({ task }) => task !== "");
  const button = (word: string, label: string) => (
    <button type="button" class="small" aria-label={`${label} ${id}`} onClick={() => steer(id, word)}>
      {label}
    </button>
  );
  return (
    <li>
      <div class="about">
        <p class="named">
          {id} <span class={`hint ${state}`}>{isBusy ? "busy" : state}</span>
        </p>
        {engines.map((engine) => (
          <EngineLine key={engine.name} {...{ engine, prompts }} />
        ))}
        {state === "lost" ? null : (
          <p class="hint">
            {perHour} {perHour === 1 ? "picture" : "pictures"} per hour
          </p>
        )}
      </div>
      {state === "lost" ? null : (
        <div class="row">
          {state === "ready" ? button("pause", "Pause") : button("resume", "Resume")}
          {state === "draining" ? null : button("drain", "Drain")}
          <AskedButton
            label="Remove"
            name={`Remove ${id}`}
            question={`Really remove ${id}?`}
            act={() => steer(id, "remove")}
          />
        </div>
      )}
    </li>
  );
}

function EngineLine({ engine, prompts }: Readonly<{ engine: FleetEngine; prompts: ItemProps["prompts"] }>) {
  const { name, device, state, checkpoint, task } = engine;
  const on = device === "" || name.startsWith(device) ? name : `${name} (${device})`;
  const said = [on, state === "failed" ? "cannot work" : "", checkpoint].filter((word) => word !== "");
  return (
    <p class="hint">
      {said.join(", ")}
      {task === "" ? null : (
        <>
          , draws <a href={`tasks/${task}`}>{(prompts[task] ?? "").slice(0, 80) || task.slice(0, 8)}</a>
        </>
      )}
    </p>
  );
}
