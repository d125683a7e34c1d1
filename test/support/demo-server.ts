import { afterAll, beforeAll } from "bun:test";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";

/**
 * A server of this checkout with the demo model, for the tests of a file.
 *
 * @returns its address, once they run
 */
export function demoServer(): () => string {
  let server: SourceServer | undefined;
  beforeAll(async () => {
    server = await startSourceServer();
  });
  afterAll(() => server?.close());
  return () => server?.url ?? "";
}
