// Must stay the first import: it unpacks and opens the native libraries before anything that needs them loads.
import "#/native/preload.ts";
import { surviveLostReaders } from "#/lib/line-writer.ts";
import { createLog } from "#/lib/log.ts";
import { libraryFolder } from "#/native/libraries.ts";
import { openContext } from "#/pipeline/context.ts";
import { openPort } from "./port.ts";
import { type OpenContext, serveEngine } from "./serve.ts";

const open: OpenContext = (settings, send, atHand) => {
  const { logLevel = "info", logFormat = "text" } = settings;
  const log = createLog(logLevel, { format: logFormat, part: "engine", about: () => ({ task: atHand() }) });
  return openContext(settings, send, log, { libraryFolder: libraryFolder() });
};

surviveLostReaders();
openPort((port) => serveEngine(port, open));
