import { Graph } from "#/graph/graph.ts";
import { operators } from "#/graph/operators.ts";
import { add } from "#/graph/ops/arithmetic.ts";
import type { Device } from "#/lib/devices.ts";
import { Session } from "./session.ts";

/**
 * Opens the smallest network there is on a device and runs it once: libraries that do not load, a driver that is too
 * old and a device that is not there all show here, before a job meets them.
 *
 * @throws EngineError `session-failed` with the runtime's own words
 */
export async function probe(device: Device): Promise<void> {
  const g = new Graph({ operators: { ...operators[device], compute: "float32" } });
  g.output("y", add(g.input("x", "float32", ["N"]), g.number([1])));
  const session = await Session.open(g, { device, weights: "in-place", threads: 1 });
  await session.run({ x: { dims: [1], data: new Float32Array(1) } });
  await session.release();
}
