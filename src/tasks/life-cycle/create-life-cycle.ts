import type { Engine } from "#/engine/engine.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { ImageStore } from "#/stores/images.ts";
import { type EndingParts, Endings } from "./endings.ts";
import { stateOf } from "./engine-states.ts";
import { EventLog } from "./event-log.ts";
import { HistoryWriter } from "./history-writer.ts";
import { Readers } from "./readers.ts";
import { TaskRemoval } from "./removal.ts";
import { Retention, type RetentionLimits } from "./retention.ts";
import { TaskRunner } from "./runner.ts";
import type { RunnerParts } from "./runner-parts.ts";
import { TaskReading } from "./task-reading.ts";
import { TaskWriting, type WritingParts } from "./task-writing.ts";
import { bothSides, type Tasks } from "./tasks.ts";

/** What the life of tasks depends on; each object of it is given what it uses. */
export type LifeCycleParts = Omit<EndingParts, "history"> &
  Omit<RunnerParts, "history" | "events" | "endings" | "writer"> &
  Pick<WritingParts, "queueLimit" | "keyLife" | "take" | "closeDelivery"> &
  Readonly<{
    history: HistoryStore;
    images: ImageStore;
    limits: RetentionLimits;
    engines: readonly Engine[];
  }>;

/** Puts the life of tasks together, and takes up what the last process left, at once. */
export function createLifeCycle(parts: LifeCycleParts): Tasks {
  const { history, engines, log } = parts;
  const sequence = {
    load: () => history.counter("seq"),
    save: (value: number) => history.setCounter("seq", value),
  };
  const events = new EventLog(sequence, parts.now);
  const writer = new HistoryWriter(log);
  const endings = new Endings(parts, events, writer);
  const runner = new TaskRunner({ ...parts, events, endings, writer });
  const readers = new Readers(events, runner);
  const named = ({ name, state }: Engine) => ({ name, ...state });
  for (const engine of engines)
    engine.subscribe(() => {
      const all = stateOf(engines.map(({ state }) => state));
      events.addServer({
        type: "engine",
        engine: all,
        changed: named(engine),
        engines: engines.map(named),
      });
    });
  const reader = new TaskReading({ runner, endings, history, events, readers, engines, log });
  const removal = new TaskRemoval({ ...parts, runner, endings, events, writer });
  void removal.goOn();
  runner.restore();
  const retention = new Retention({ ...parts, removal, find: (id) => reader.find(id) });
  retention.start();
  const written = { runner, removal, retention, events, readers, writer };
  return bothSides(reader, new TaskWriting({ ...parts, ...written, reader }));
}
