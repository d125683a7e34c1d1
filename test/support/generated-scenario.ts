import { expect } from "bun:test";
import type { SeenLine } from "./seen-lines.ts";
import { serveBench } from "./served-bench.ts";

/**
 * What every client does that is made of our description: it is given the server's address, a key and the address of a picture
 * of that server, and prints what it sees. Each of them reads this from its own classes and types, never from JSON as it came.
 */
const seenByAll: readonly SeenLine[] = [
  { saw: "no key", status: 403, detail: "Forbidden" },
  { saw: "picture", status: "finished", pictures: 1 },
  { saw: "wrong field", status: 422, where: ["body", "image_number"] },
  { saw: "task", before: "pending", after: "finished" },
  { saw: "no such task", records: 0 },
  { saw: "tasks", history: 2 },
  { saw: "no task to cancel", status: 404, detail: `There is no task ${"0".repeat(32)}.` },
  { saw: "models", names: ["base.safetensors"] },
  { saw: "upload", scheme: "fooocus" },
  { saw: "legacy", reasons: ["SUCCESS"] },
];

/**
 * Lets a client do all of that against a server that asks for a key.
 *
 * @param more what it sees beyond that
 */
export async function generatedScenario(
  run: (args: readonly string[]) => Promise<readonly SeenLine[]>,
  more: readonly SeenLine[] = [],
): Promise<void> {
  await using bench = await serveBench({ keys: ["secret"] });
  expect(await run([bench.url, "secret"])).toEqual([...seenByAll, ...more]);
}
