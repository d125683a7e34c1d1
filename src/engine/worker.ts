// Must stay the first import: it unpacks and opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { isMainThread } from "node:worker_threads";
import { surviveLostReaders } from "#/lib/line-writer.ts";
import { createLog } from "#/lib/log.ts";
import { libraryFolder } from "#/native/libraries.ts";
import { endWithParent } from "#/native/orphan.ts";
import { openContext } from "#/pipeline/context.ts";
import { transferables } from "./channel.ts";
import type { EngineCommand, EngineEvent } from "./protocol.ts";
import { type OpenContext, serveEngine } from "./serve.ts";

declare const self: Worker;

const open: OpenContext = (settings, send) => openContext(settings, send, createLog("info"), libraryFolder());

/** The engine in a worker thread. */
function serveThread(): void {
  const handle = serveEngine(
    {
      send: (event: EngineEvent) => self.postMessage(event, transferables(event)),
      leave: () => process.exit(0),
    },
    open,
  );
  self.onmessage = (message: MessageEvent<EngineCommand>) => handle(message.data);
}

/**
 * The engine as a child process; it leaves when its parent is gone, since nobody is left to work for. A signal that
 * reaches every process of a service, or of a terminal, is the server's to answer: it lets the picture at hand end, and
 * tells this process to leave.
 */
function serveProcess(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  endWithParent();
  const handle = serveEngine(
    {
      send: (event: EngineEvent) => process.send?.(event),
      leave: () => process.exit(0),
    },
    open,
  );
  process.on("message", (command: EngineCommand) => handle(command));
  process.on("disconnect", () => process.exit(0));
}

surviveLostReaders();
if (isMainThread) serveProcess();
else serveThread();
