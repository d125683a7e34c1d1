import type { TaskId } from "#/lib/task-id.ts";
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
import type { ToolRuns } from "./tool-runs.ts";

/** What the life of tasks depends on; each object of it is given what it uses. */
export type LifeCycleParts = Omit<EndingParts, "history"> &
  Omit<RunnerParts, "history" | "events" | "endings" | "writer"> &
  Pick<WritingParts, "queueLimit" | "keyLife" | "take" | "closeDelivery"> &
  Readonly<{
    history: HistoryStore;
    images: ImageStore;
    limits: RetentionLimits;
  }> &
  Partial<Elsewhere>;

/** What is otherwise where other machines make the tasks. */
export type Elsewhere = Readonly<{
  /** What has them made. */
  openRunner: OpenRunner;
  /** Who answers questions about pictures: see `ToolRuns.ask`. */
  askTool: ToolRuns["ask"];
  /** What happens to them, as all servers number it. */
  events: EventLog;
  /**
   * Is told how to do what one server does for all: deleting what is more than is kept. To be begun and ended as often as it is
   * this server's turn.
   */
  whenLeading: (duty: Duty) => void;
}>;

/** Something that is done from time to time, until it is ended. */
export type Duty = Readonly<{ begin: () => void; end: () => Promise<void> }>;

/**
 * Puts the life of tasks together, and takes up what the last process left.
 *
 * @throws EngineError `storage-failed` where that cannot be read
 */
export async function createLifeCycle(parts: LifeCycleParts): Promise<Tasks> {
  const { history, log, openRunner = openLocalRunner, events = await ownEvents(parts) } = parts;
  const writer = new HistoryWriter(log);
  const endings = new Endings(parts, events, writer);
  const runner = await openRunner({ ...parts, events, endings, writer });
  const readers = new Readers(events, runner, endings);
  const reader = new TaskReading({ runner, endings, history, events, readers, log });
  const removal = new TaskRemoval({ ...parts, runner, endings, events, writer });
  const find = (id: TaskId) => reader.find(id);
  const keeping = keepingDuty(removal, () => new Retention({ ...parts, removal, find }));
  parts.whenLeading?.(keeping);
  await runner.restore();
  if (parts.whenLeading === undefined) keeping.begin();
  const written = { runner, removal, endKeeping: keeping.end, events, readers, writer };
  return bothSides(reader, new TaskWriting({ ...parts, ...written, reader }));
}

/** The events of one server alone. */
async function ownEvents({ history, now }: Pick<LifeCycleParts, "history" | "now">): Promise<EventLog> {
  const numbers = await EventNumbers.load({
    load: () => history.counter("seq"),
    save: (value) => history.setCounter("seq", value),
  });
  return new EventLog(numbers, now);
}

/** Deletes what a process left undeleted, then what is more than the settings keep. */
function keepingDuty(removal: TaskRemoval, open: () => Retention): Duty {
  let retention: Retention | undefined;
  return {
    begin: () => {
      void removal.goOn();
      retention ??= open();
      retention.start();
    },
    end: async () => {
      const ended = retention;
      retention = undefined;
      await ended?.close();
    },
  };
}
