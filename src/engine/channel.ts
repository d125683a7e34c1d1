import type { EngineCommand, EngineEvent } from "./protocol.ts";

/** The main side of the boundary, whatever lies behind it: a thread or a process. */
export interface Channel {
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
  const pixmaps =
    message.type === "generate"
      ? message.inputs
      : message.type === "image"
        ? [message.image]
        : message.type === "progress" && message.preview !== undefined
          ? [message.preview]
          : [];
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of pixmaps) {
    if (data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength)
      buffers.add(data.buffer);
  }
  return [...buffers];
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

/** The engine in a child process, which a native abort or the out-of-memory killer may take without taking us. */
export function processChannel(command: readonly string[]): Channel {
  let onEvent: (event: EngineEvent) => void = () => undefined;
  let onClosed: (reason: string) => void = () => undefined;
  const child = Bun.spawn([...command], {
    stdio: ["ignore", "inherit", "inherit"],
    serialization: "advanced",
    ipc: (event: EngineEvent) => onEvent(event),
    onExit: (_child, code, signal) =>
      onClosed(`the engine process ended (${signal === null ? `code ${code}` : `signal ${signal}`})`),
  });
  return {
    post: (message) => child.send(message),
    onEvent: (listener) => {
      onEvent = listener;
    },
    onClosed: (listener) => {
      onClosed = listener;
    },
    kill: () => child.kill("SIGKILL"),
  };
}
