import { useRef, useState } from "preact/hooks";
import { AskedButton } from "./asked-button.tsx";
import { QueueItem } from "./queue-item.tsx";
import type { State } from "./state.ts";

/** What can be done with the waiting line. */
export type QueueDeeds = Readonly<{
  pause: (paused: boolean) => void;
  cancel: (id: string) => void;
  clear: () => void;
  /** Puts a waiting task before another, or at the end. */
  move: (id: string, before: string | null) => void;
}>;

/** The waiting line: its order is changed by dragging, or by the arrow keys on a task's handle. */
export function Queue({ state, deeds }: Readonly<{ state: State; deeds: QueueDeeds }>) {
  const { pending, paused, prompts } = state;
  const [dragged, setDragged] = useState<Readonly<{ id: string; at: number }>>();
  const [said, setSaid] = useState("");
  const list = useRef<HTMLOListElement>(null);
  const shown = dragged === undefined ? pending : moved(pending, dragged.id, dragged.at);
  const place = (id: string, at: number) => {
    const to = Math.min(pending.length - 1, Math.max(0, at));
    if (pending.indexOf(id) === to) return;
    deeds.move(id, moved(pending, id, to)[to + 1] ?? null);
    setSaid(`${prompts[id] ?? "Task"}: place ${to + 1} of ${pending.length}`);
  };
  /** Which place a height on the screen is. */
  const placeAt = (y: number): number => {
    const items = [...(list.current?.children ?? [])];
    return Math.max(
      0,
      items.findLastIndex((item) => item.getBoundingClientRect().top <= y),
    );
  };
  return (
    <section class="card" aria-label="Queue">
      <div class="head">
        <h2>
          Queue{pending.length === 0 ? "" : ` (${pending.length})`}
          {paused ? ", paused" : ""}
        </h2>
        <QueueButtons {...{ state, deeds }} />
      </div>
      {pending.length === 0 ? (
        <p class="empty">Nothing waits.</p>
      ) : (
        <ol class="queue" ref={list}>
          {shown.map((id, at) => (
            <QueueItem
              key={id}
              {...{ id, at }}
              prompt={(prompts[id] ?? "") || "No prompt"}
              isDragged={dragged?.id === id}
              cancel={() => deeds.cancel(id)}
              by={(step) => place(id, pending.indexOf(id) + step)}
              drag={(y) => setDragged({ id, at: placeAt(y) })}
              drop={(keep) => {
                if (keep && dragged !== undefined) place(id, dragged.at);
                setDragged(undefined);
              }}
            />
          ))}
        </ol>
      )}
      <p class="hidden" role="status">
        {said}
      </p>
    </section>
  );
}

/** The line with one task at another place. */
function moved(pending: readonly string[], id: string, at: number): readonly string[] {
  const rest = pending.filter((one) => one !== id);
  return [...rest.slice(0, at), id, ...rest.slice(at)];
}

/** What is done with the whole line. */
function QueueButtons({ state: { pending, paused }, deeds }: Readonly<{ state: State; deeds: QueueDeeds }>) {
  return (
    <div class="row">
      {pending.length === 0 ? null : (
        <AskedButton label="Cancel all" question={`Really cancel all ${pending.length}?`} act={deeds.clear} />
      )}
      <button type="button" class="small" onClick={() => deeds.pause(!paused)}>
        {paused ? "Resume" : "Pause"}
      </button>
    </div>
  );
}
