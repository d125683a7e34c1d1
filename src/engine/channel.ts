import { constants } from "node:os";
import type { Picture } from "#/image/greymap.ts";
import { EngineError } from "#/lib/errors.ts";
import type { EngineCommand, EngineEvent } from "./protocol.ts";

/** The main side of the boundary, whatever lies behind it: a thread or a process. */
export interface Channel {
  /** The process behind it, where that is one of its own. */
  readonly pid?: number;
  post(command: EngineCommand): void;
  /** At most one listener; events arrive in the order they were sent. */
  onEvent(listener: (event: EngineEvent) => void): void;
  /** Called once when the other side is gone, with the reason. */
  onClosed(listener: (reason: string) => void): void;
  /**
   * Ends the other side at once, where that is possible. A thread inside a native run must not be terminated (it
   * aborts the whole process), so the thread's answer is to do nothing: leave by `shutdown`, or by ending the process.
   */
  kill(): void;
}

/** Buffers that may be moved instead of copied: those of images whose view is the whole buffer. */
export function transferables(message: EngineCommand | EngineEvent): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of picturesOf(message)) {
    if (data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength)
      buffers.add(data.buffer);
  }
  return [...buffers];
}

/** Whether a command can be posted again: what was moved to the other side is gone here. */
export const isWhole = (command: EngineCommand): boolean =>
  picturesOf(command).every(({ data }) => data.byteLength > 0);

function picturesOf(message: EngineCommand | EngineEvent): readonly Picture[] {
  switch (message.type) {
    case "generate":
      return message.inputs;
    case "tool":
      return [message.picture];
    case "image":
      return [message.image];
    case "answer":
      return message.answer.tool === "mask" ? [message.answer.mask] : [];
    case "progress":
      return message.preview === undefined ? [] : [message.preview];
    case "start":
    case "control":
    case "unload":
    case "shutdown":
    case "ready":
    case "broken":
    case "loaded":
    case "reads":
    case "note":
    case "passed":
    case "settled":
      return [];
  }
}

/** The engine in a worker thread of this process. */
export function threadChannel(entry: string | URL): Channel {
  const worker = new Worker(entry, { type: "module", name: "engine" });
  let failure: string | undefined;
  return {
    post: (command) => worker.postMessage(command, transferables(command)),
    onEvent: (listener) => {
      worker.onmessage = (message: MessageEvent<EngineEvent>) => listener(message.data);
    },
    onClosed: (listener) => {
      worker.onerror = (event) => {
        failure ??= event.message;
        event.preventDefault();
      };
      worker.addEventListener("close", () => listener(failure ?? "the engine thread ended"), { once: true });
    },
    kill: () => undefined,
  };
}

/**
 * The engine in a child process, which a native abort, a fault or the out-of-memory killer may take without taking us.
 * It is no member of our terminal's process group: Ctrl-C is for us, and the picture at hand goes on.
 *
 * @param env its environment; by default this process's
 * @throws EngineError `worker-died` if the system starts no process
 */
export function processChannel(
  command: readonly string[],
  env?: Readonly<Record<string, string | undefined>>,
): Channel {
  let onEvent: (event: EngineEvent) => void = () => undefined;
  let onClosed: (reason: string) => void = () => undefined;
  const child = spawned(() =>
    Bun.spawn([...command], {
      stdio: ["ignore", "inherit", "inherit"],
      serialization: "advanced",
      ...(env === undefined ? {} : { env }),
      detached: true,
      ipc: (event: EngineEvent) => onEvent(event),
      onExit: (_child, code, signal) => onClosed(endOf(code, signal)),
    }),
  );
  return {
    pid: child.pid,
    post: (message) => {
      try {
        child.send(message);
      } catch {
        // It has ended, which `onExit` is about to tell.
      }
    },
    onEvent: (listener) => {
      onEvent = listener;
    },
    onClosed: (listener) => {
      onClosed = listener;
    },
    kill: () => child.kill("SIGKILL"),
  };
}

function spawned<T>(spawn: () => T): T {
  try {
    return spawn();
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("worker-died", `The engine's process cannot be started: ${words}.`, {}, cause);
  }
}

/** The signals whose usual reason the operator can do something about. */
const likelyReasons: Readonly<Record<string, string>> = {
  SIGBUS: "a model file was overwritten or cut while it was in use; replace files by mv",
  SIGKILL: "somebody killed it, or the system needed its memory",
};

function endOf(code: number | null, signal: number | NodeJS.Signals | null): string {
  if (signal === null) return `the engine process ended (code ${code})`;
  const name = typeof signal === "string" ? signal : signalName(signal);
  const reason = likelyReasons[name];
  return `the engine process ended (signal ${name})${reason === undefined ? "" : `: ${reason}`}`;
}

const signalName = (signal: number): string =>
  Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `${signal}`;
