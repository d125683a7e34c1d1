import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { embedded } from "./embedded.ts";

/** The program itself, also when another version was put in its place since. */
const thisProgram = "/proc/self/exe";

/** How to start this program for something else than serving: a binary is its own program, a checkout's is Bun's argument. */
const commandOf = (flag: string): readonly string[] =>
  embedded === undefined
    ? [process.execPath, "run", fileURLToPath(new URL("../main.ts", import.meta.url)), flag]
    : [existsSync(thisProgram) ? thisProgram : process.execPath, flag];

/** What the process that asks may be given, by tests. */
export type Asking = Readonly<{
  command?: readonly string[];
  environment?: Readonly<Record<string, string | undefined>>;
  seconds?: number;
}>;

/** What became of the process: its answer, or how it ended without one, and the last step it announced. */
export type Asked<A> = Readonly<
  | { kind: "answers"; answer: A }
  | { kind: "silent"; step: string; seconds: number }
  | { kind: "crashed"; step: string; how: string }
>;

/** A line that such a process writes: the step it is about to take, or its answer. */
export type Line<A> = Readonly<{ step: string } | { answer: A }>;

type Question = Readonly<{
  /** The flag that this program is started with. */
  flag: string;
  args: readonly string[];
  /** How long it may take. */
  seconds: number;
}>;

/**
 * Asks this program in a process of its own, where whatever is opened may crash or hang and takes nobody with it.
 *
 * @returns also where that process crashed, or had to be ended
 */
export async function askOwnProcess<A>(
  { flag, args, seconds: patience }: Question,
  { command = commandOf(flag), environment, seconds = patience }: Asking = {},
): Promise<Asked<A>> {
  const child = Bun.spawn([...command, ...args], {
    ...(environment === undefined ? {} : { env: { ...environment } }),
    // Of a process that crashed Bun says on standard error that it is to blame.
    stdio: ["ignore", "pipe", "ignore"],
    timeout: seconds * 1000,
    killSignal: "SIGKILL",
  });
  const began = performance.now();
  const lines = (await new Response(child.stdout).text()).trim().split("\n");
  await child.exited;
  const said = lines.flatMap((line) => parsed<A>(line));
  const last = said.find((line) => "answer" in line);
  if (last !== undefined) return { kind: "answers", answer: last.answer };
  const step = said.findLast((line) => "step" in line)?.step ?? "start";
  if (child.signalCode === "SIGKILL" && performance.now() - began >= seconds * 1000)
    return { kind: "silent", step, seconds };
  return { kind: "crashed", step, how: `${child.signalCode ?? `exit code ${child.exitCode}`}` };
}

/** The lines are our own program's, but native code may write some too. */
function parsed<A>(line: string): readonly Line<A>[] {
  try {
    const value: unknown = JSON.parse(line);
    const isOurs = typeof value === "object" && value !== null && ("answer" in value || "step" in value);
    return isOurs ? [value as Line<A>] : [];
  } catch {
    return [];
  }
}
