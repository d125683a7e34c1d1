import type { Engine } from "#/engine/engine.ts";
import type { Log } from "#/lib/log.ts";
import type { DiskReserve } from "#/stores/disk-reserve.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { AttemptParts } from "./attempt.ts";
import type { Endings } from "./endings.ts";
import type { EventLog } from "./event-log.ts";
import type { RunParts } from "./run-parts.ts";
import type { NoteParts } from "./runner-notes.ts";
import type { ToolRuns } from "./tool-runs.ts";

/** What the runner works with, beside what it makes itself. */
export type RunnerParts = Omit<RunParts, "engine" | "pace"> &
  Pick<AttemptParts, "resolve" | "madeOf"> &
  Readonly<{
    /** One task runs on each at a time. */
    engines: readonly Engine[];
    history: NoteParts["history"] & Pick<HistoryStore, "unfinished">;
    events: Pick<EventLog, "addTask" | "addServer">;
    endings: Pick<Endings, "settle">;
    writer: NoteParts["writer"];
    /** Why waiting tasks are not begun now, if they are not. */
    disk: Pick<DiskReserve, "shortage">;
    log: Log;
    /** Milliseconds for which a task may be passed over by those whose checkpoint is open on an idle engine. */
    passingLimit: number;
    /** Questions about pictures, which take turns with the tasks. */
    toolRuns: Pick<ToolRuns, "isWaiting" | "onWaiting" | "take" | "close">;
  }>;
