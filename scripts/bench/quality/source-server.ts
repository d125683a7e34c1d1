import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../test/support/free-port.ts";

const ownRoot = join(import.meta.dir, "../../..");

/** A server of this checkout, with outputs of its own. */
export type SourceServer = Readonly<{
  url: string;
  pid: number;
  outputs: string;
  close: () => Promise<void>;
}>;

/**
 * Starts `src/main.ts` on a free port and waits until it answers. `close` ends it and removes what it made.
 *
 * @param flags more flags, for example `--api-keys secret`
 * @param root  another checkout, to compare with
 * @throws Error with its output when it ends or does not answer within a minute
 */
export async function startSourceServer(
  flags: readonly string[] = [],
  root = ownRoot,
): Promise<SourceServer> {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-source-"));
  const port = freePort();
  const outputs = join(folder, "outputs");
  const own = ["--port", `${port}`, "--outputs", outputs, "--inputs", join(folder, "inputs")];
  const child = Bun.spawn([process.execPath, join(root, "src/main.ts"), ...own, ...flags], {
    cwd: root,
    stdout: "ignore",
    stderr: "pipe",
  });
  const output = new Response(child.stderr).text();
  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    child.kill("SIGTERM");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${await output}`);
    const answer = await fetch(`${url}/openapi.json`).catch(() => undefined);
    if (answer?.ok === true) return { url, pid: child.pid, outputs, close };
    await Bun.sleep(100);
  }
  await close();
  throw new Error(`the server did not answer within a minute:\n${await output}`);
}
