import type { HistoryStore } from "#/stores/history.ts";
import type { ImageStore } from "#/stores/images.ts";
import { type EndingParts, Endings } from "./endings.ts";
import { EventLog } from "./event-log.ts";
import { EventNumbers } from "./event-numbers.ts";
import { HistoryWriter } from "./history-writer.ts";
import { openLocalRunner } from "./open-local-runner.ts";
import { Readers } from "./readers.ts";
import { TaskRemoval } from "./removal.ts";
import { Retention, type RetentionLimits } from "./retention.ts";
import type { OpenRunner } from "./runner.ts";
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
    /** What runs the tasks; when left out, the engines of this server do. */
    openRunner?: OpenRunner;
  }>;

/**
 * Puts the life of tasks together, and takes up what the last process left.
 *
 * @throws EngineError `storage-failed` where that cannot be read
 */
export async function createLifeCycle(parts: LifeCycleParts): Promise<Tasks> {
  const { history, log, openRunner = openLocalRunner } = parts;
  const numbers = await EventNumbers.load({
    load: () => history.counter("seq"),
    save: (value) => history.setCounter("seq", value),
  });
  const events = new EventLog(numbers, parts.now);
  const writer = new HistoryWriter(log);
  const endings = new Endings(parts, events, writer);
  const runner = await openRunner({ ...parts, events, endings, writer });
  const readers = new Readers(events, runner, endings);
  const reader = new TaskReading({ runner, endings, history, events, readers, log });
  const removal = new TaskRemoval({ ...parts, runner, endings, events, writer });
  void removal.goOn();
  await runner.restore();
  const retention = new Retention({ ...parts, removal, find: (id) => reader.find(id) });
  retention.start();
  const written = { runner, removal, retention, events, readers, writer };
  return bothSides(reader, new TaskWriting({ ...parts, ...written, reader }));
}
