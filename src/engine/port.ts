import { isMainThread } from "node:worker_threads";
import { endWithParent } from "#/native/orphan.ts";
import { transferables } from "./channel.ts";
import type { EngineCommand, EngineEvent } from "./protocol.ts";

/** The engine's side of the boundary: a way to speak, and what to do when told to leave. */
export type Port = Readonly<{ send: (event: EngineEvent) => void; leave: () => void }>;

/** Who executes commands; called with each of them, in order. */
export type Handler = (command: EngineCommand) => void;

declare const self: Worker;

/** The engine's side of the boundary that this program was started behind: in a worker thread, or as a child process. */
export function openPort(serve: (port: Port) => Handler): void {
  if (isMainThread) openProcessPort(serve);
  else openThreadPort(serve);
}

function openThreadPort(serve: (port: Port) => Handler): void {
  const handle = serve({
    send: (event) => self.postMessage(event, transferables(event)),
    leave: () => process.exit(0),
  });
  self.onmessage = (message: MessageEvent<EngineCommand>) => handle(message.data);
}

/**
 * A child process leaves when its parent is gone, since nobody is left to work for. A signal that reaches every process of
 * a service, or of a terminal, is the server's to answer: it lets the picture at hand end, and tells this process to leave.
 */
function openProcessPort(serve: (port: Port) => Handler): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  endWithParent();
  const handle = serve({
    send: (event) => process.send?.(event),
    leave: () => process.exit(0),
  });
  process.on("message", handle);
  process.on("disconnect", () => process.exit(0));
}
