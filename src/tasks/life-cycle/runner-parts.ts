import type { Engine } from "#/engine/engine.ts";
import type { Log } from "#/lib/log.ts";
import type { DiskReserve } from "#/stores/disk-reserve.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { AttemptParts } from "./attempt.ts";
import type { Endings } from "./endings.ts";
import type { EventLog } from "./event-log.ts";
import type { HistoryWriter } from "./history-writer.ts";
import type { RunParts } from "./run-parts.ts";
import type { ToolRuns } from "./tool-runs.ts";

/** What the runner works with, beside what it makes itself. */
export type RunnerParts = Omit<RunParts, "engine" | "pace"> &
  Omit<AttemptParts, "history"> &
  Readonly<{
    /** One task runs on each at a time. */
    engines: readonly Engine[];
    history: AttemptParts["history"] &
      Pick<HistoryStore, "counter" | "setCounter" | "unfinished" | "stopping" | "imageSaved" | "reorder">;
    events: Pick<EventLog, "addTask" | "addServer">;
    endings: Pick<Endings, "settle">;
    writer: Pick<HistoryWriter, "keep" | "now">;
    /** Why waiting tasks are not begun now, if they are not. */
    disk: Pick<DiskReserve, "shortage">;
    log: Pick<Log, "warn" | "info">;
    /** Milliseconds for which a task may be passed over by those whose checkpoint is open on an idle engine. */
    passingLimit: number;
    /** Questions about pictures, which take turns with the tasks. */
    toolRuns: Pick<ToolRuns, "isWaiting" | "onWaiting" | "take" | "close">;
  }>;
