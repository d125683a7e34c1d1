import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { embedded } from "../embedded.ts";
import type { ChildAnswer } from "./look-child.ts";

/** The flag this program starts itself with to look at CUDA. */
export const lookFlag = "--look-at-cuda";

/** How long a driver may take: waking a card that sleeps takes seconds, and the first look of all reads its libraries from a disk. */
const patience = 30;

/** The program itself, also when another version was put in its place since. */
const thisProgram = "/proc/self/exe";

/** How to start this program to look at CUDA: a binary is its own program, a checkout's is Bun's argument. */
const lookCommand = (): readonly string[] =>
  embedded === undefined
    ? [process.execPath, "run", fileURLToPath(new URL("../../main.ts", import.meta.url)), lookFlag]
    : [existsSync(thisProgram) ? thisProgram : process.execPath, lookFlag];

/** What the process that asks may be given, by tests. */
export type Asking = Readonly<{
  command?: readonly string[];
  environment?: Readonly<Record<string, string | undefined>>;
  seconds?: number;
}>;

/**
 * Asks the driver, and tries the libraries of a folder, in a process of its own; see {@link lookInChild}.
 *
 * @param folder undefined asks the driver alone
 * @returns also where that process crashed or had to be ended: by the step it was at
 */
export async function askChild(
  folder: string | undefined,
  { command = lookCommand(), environment, seconds = patience }: Asking = {},
): Promise<ChildAnswer> {
  const child = Bun.spawn([...command, ...(folder === undefined ? [] : [folder])], {
    ...(environment === undefined ? {} : { env: { ...environment } }),
    stdio: ["ignore", "pipe", "ignore"],
    timeout: seconds * 1000,
    killSignal: "SIGKILL",
  });
  const began = performance.now();
  const lines = (await new Response(child.stdout).text()).trim().split("\n");
  await child.exited;
  const said = lines.flatMap(parsed);
  const answer = said.find((line) => line.answer !== undefined)?.answer;
  if (answer !== undefined) return answer;
  const call = said.at(-1)?.step ?? "start";
  const isSilent = child.signalCode === "SIGKILL" && performance.now() - began >= seconds * 1000;
  const driver = isSilent
    ? ({ kind: "silent", call, seconds } as const)
    : ({ kind: "crashed", call, how: `${child.signalCode ?? `exit code ${child.exitCode}`}` } as const);
  return { driver };
}

type Line = Readonly<{ step?: string; answer?: ChildAnswer }>;

/** The lines are our own program's. */
function parsed(line: string): readonly Line[] {
  try {
    return [JSON.parse(line) as Line];
  } catch {
    return [];
  }
}
