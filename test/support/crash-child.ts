import { writeSync } from "node:fs";
import type { GenerateRequest } from "#/api/generate.ts";
import { encodeImage } from "#/image/encode.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { ScriptedEngine } from "./scripted-engine.ts";
import { openBench, small } from "./task-bench.ts";

/**
 * A process that takes and runs tasks until somebody kills it, and says what it promised: `accepted <id>` once a task
 * was taken, `settled <id>` once it ended. With `drain` it takes nothing, finishes what there is and leaves.
 *
 * Arguments: folder, `load` or `drain`.
 */
async function main(folder: string, mode: string): Promise<void> {
  const engine = new ScriptedEngine({ beforeStep: () => Bun.sleep(Math.random() * 4) });
  const { tasks, history } = await openBench({ folder, engine, config: { queue_limit: 1_000_000 } });
  // Written at once: a line that was not written was not promised.
  const say = (line: string): void => void writeSync(1, `${line}\n`);
  tasks.subscribe((event) => {
    if (event.type === "settled") say(`settled ${event.taskId}`);
  });
  say("ready");
  if (mode === "load") await load(tasks, say);
  while (tasks.current() !== undefined || tasks.queue.pending.length > 0) await Bun.sleep(10);
  await tasks.close(1000);
  await history.close();
  say("drained");
}

/** A picture of its own to start from, which the task must find whenever its turn comes. */
async function fromPicture(): Promise<Pick<GenerateRequest, "uov_input_image" | "uov_method">> {
  const data = crypto.getRandomValues(new Uint8Array(64 * 64 * 3));
  const png = await encodeImage({ width: 64, height: 64, data }, "png");
  return { uov_input_image: Buffer.from(png).toString("base64"), uov_method: "Vary (Subtle)" };
}

/** Submits until the process is killed; every other task starts from a picture. */
async function load(tasks: Tasks, say: (line: string) => void): Promise<never> {
  for (;;) {
    const images = 1 + Math.floor(Math.random() * 3);
    const request = { ...small, overwrite_step: 2, image_number: images };
    const { id } = await tasks.submit(
      Math.random() < 0.5 ? request : { ...request, ...(await fromPicture()) },
    );
    say(`accepted ${id}`);
    await Bun.sleep(Math.random() * 12);
  }
}

await main(process.argv[2] ?? "", process.argv[3] ?? "drain");
