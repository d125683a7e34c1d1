/**
 * First import of both entry points, for its effect: the native libraries' environment is set and, in a binary, they
 * are open before anything that needs them is loaded. A failure here cannot reach the handlers of an entry that has not begun, so it is told and ends the process.
 */
import { AppError } from "#/lib/errors.ts";
import { LineWriter } from "#/lib/line-writer.ts";
import { openLibraries } from "./libraries.ts";
import { silenceTelemetry } from "./telemetry.ts";

silenceTelemetry();
try {
  openLibraries();
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  new LineWriter(2).write(error.message);
  process.exit(1);
}
