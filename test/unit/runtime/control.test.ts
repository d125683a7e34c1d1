import { expect, test } from "bun:test";
import { join } from "node:path";

const program = join(import.meta.dir, "../../support/blocked-child.ts");

/** Posts a message into every run of the program's network; collects what it says after each. */
function follow(send: () => void) {
  const answers: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<readonly unknown[]>();
  const hear = (message: unknown): void => {
    if (message === "running") send();
    else if (message === "done") resolve(answers);
    else answers.push(message);
  };
  return { hear, done: promise };
}

const alwaysHeard = [{ heard: true }, { heard: true }, { heard: true }];

test("in a thread, a message that arrives while a network runs is heard before the run is answered", async () => {
  const worker = new Worker(program, { type: "module" });
  const { hear, done } = follow(() => worker.postMessage("stop"));
  worker.onmessage = ({ data }: MessageEvent<unknown>) => hear(data);
  expect(await done).toEqual(alwaysHeard);
}, 300_000);

test("in a process too", async () => {
  const { hear, done } = follow(() => child.send("stop"));
  const child = Bun.spawn([process.execPath, program], {
    stdio: ["ignore", "ignore", "inherit"],
    serialization: "advanced",
    ipc: hear,
  });
  expect(await done).toEqual(alwaysHeard);
  await child.exited;
}, 300_000);
