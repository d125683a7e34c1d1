import { join } from "node:path";
import { openTasks } from "#/app.ts";
import type { Config } from "#/config/schema.ts";
import type { Log } from "#/lib/log.ts";
import { temporaryFolder } from "#/lib/temporary-folder.ts";

/** Tasks of a command, and the folder that their pictures are put into. */
export type OwnTasks = Awaited<ReturnType<typeof openTasks>> & Readonly<{ outputs: string }>;

type Parts = Readonly<{ config: Config; engineCommand: readonly string[]; log: Log; hashesIn?: string }>;

/** Where addresses of pictures begin; nobody is given one. */
const addresses = { named: () => undefined, listening: () => "http://127.0.0.1" };

/**
 * Does something with tasks of its own, in a folder that goes with them: a server that runs is not disturbed.
 *
 * @throws EngineError as {@link openTasks}, and what the work throws
 */
export async function withOwnTasks<Done>(
  command: string,
  { config, engineCommand, log, hashesIn }: Parts,
  work: (tasks: OwnTasks) => Promise<Done>,
): Promise<Done> {
  const folder = temporaryFolder(command);
  const outputs = join(folder.path, "outputs");
  try {
    const opened = await openTasks(
      // What is made here goes at once; there may be little room where temporary files are.
      {
        ...config,
        ...{ outputs, inputs: join(folder.path, "inputs"), disk_reserve: 0 },
        ...{ history: "", pictures: "", fleet: "" },
      },
      { engineCommand, log, addresses, port: () => 0, ...(hashesIn === undefined ? {} : { hashesIn }) },
    );
    try {
      return await work({ ...opened, outputs });
    } finally {
      await opened.tasks.close(0);
      await opened.close();
    }
  } finally {
    folder.remove();
  }
}
