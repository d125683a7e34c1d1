/**
 * Runs a real network that takes a while, in a thread or as a process, and tells after each run whether a message that
 * came in meanwhile had been heard by the time the run was answered.
 */
import { isMainThread } from "node:worker_threads";
import { Graph } from "#/graph/graph.ts";
import { operators } from "#/graph/operators.ts";
import { matmul } from "#/graph/ops/arithmetic.ts";
import { Session } from "#/runtime/session.ts";

declare const self: Worker;

let heard = false;
let arrived = Promise.withResolvers<void>();
const hear = (): void => {
  heard = true;
  arrived.resolve();
};
if (isMainThread) process.on("message", hear);
else self.onmessage = hear;
const tell = (message: unknown): void => {
  if (isMainThread) process.send?.(message);
  else self.postMessage(message);
};

const size = 1000;
const g = new Graph({ operators: operators.cpu });
let x = g.input("x", "float32", [size, size]);
for (let i = 0; i < 8; i += 1) x = matmul(x, x);
g.output("y", x);
const session = await Session.open(g, { device: "cpu", weights: "in-place", threads: 1 });
const input = { dims: [size, size], data: new Float32Array(size * size) };
await session.run({ x: input });

for (let i = 0; i < 3; i += 1) {
  heard = false;
  arrived = Promise.withResolvers<void>();
  tell("running");
  await session.run({ x: input });
  tell({ heard });
  await arrived.promise;
}
await session.release();
tell("done");
if (isMainThread) process.disconnect?.();
