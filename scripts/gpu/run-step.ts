import { endTree } from "./processes.ts";

/** What a step has found, by name; it grows while the step runs. */
export type Found = Readonly<Record<string, unknown>>;

/** How a step ended. */
export type Ended = Readonly<
  | { how: "done" }
  /** It came to its own end, which was not a good one: the last that it said. */
  | { how: "failed"; why: string }
  /** It was ended at its limit. */
  | { how: "cut off"; why: string }
>;

/** How many characters of what a step said are kept where it fails. */
const kept = 1500;

/** Lines of a stream, as they come. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

const isObject = (value: unknown): value is Found =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a line says where it is a JSON object. */
function foundIn(line: string): Found | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Runs a step in a process of its own. Each line of its output that is a JSON object adds to what it has found; all else is kept as
 * what it said. At the limit it is ended with all that it started, and what it has found until then stays.
 *
 * @param limit seconds
 * @param heard is told all that is found by now, as often as that grows
 */
export async function runStep(
  command: readonly string[],
  { limit, env, cwd }: Readonly<{ limit: number; env: Readonly<Record<string, string>>; cwd: string }>,
  heard: (found: Found) => void,
): Promise<Ended> {
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...process.env, ...env },
    // Its end tells the step that the kit is gone.
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const ending = () => endTree(child.pid);
  process.once("exit", ending);
  let [cut, said, found]: [boolean, string, Found] = [false, "", {}];
  const timer = setTimeout(() => {
    cut = true;
    endTree(child.pid);
  }, limit * 1000);
  const hear = async (stream: ReadableStream<Uint8Array>, speaks: boolean): Promise<void> => {
    for await (const line of linesOf(stream)) {
      const more = speaks ? foundIn(line) : undefined;
      if (more === undefined) said = `${said}${line}\n`.slice(-kept);
      else heard((found = { ...found, ...more }));
    }
  };
  await Promise.all([hear(child.stdout, true), hear(child.stderr, false), child.exited]);
  clearTimeout(timer);
  process.off("exit", ending);
  const end = Bun.stripANSI(said).trim();
  if (cut) return { how: "cut off", why: `ended at its limit of ${limit.toFixed(0)} s. ${end}`.trim() };
  if (child.exitCode === 0) return { how: "done" };
  const how = child.signalCode === null ? `ended with ${child.exitCode}` : `ended by ${child.signalCode}`;
  return { how: "failed", why: `${how}. ${end}`.trim() };
}
