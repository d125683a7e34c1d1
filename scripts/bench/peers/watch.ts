import { readFileSync } from "node:fs";

const ticks = 100;

/** User and system time of a process, all of its threads. */
function spentBy(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

function anonymousOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) / 2 ** 20;
  } catch {
    return 0; // it has just ended
  }
}

/**
 * Runs a program to its end.
 *
 * @param heard is told each piece of its output as it comes, with the processor seconds spent by then
 * @throws Error with the end of what it said, where it fails
 */
export async function watch(
  command: readonly string[],
  {
    cwd,
    env,
    heard,
  }: Readonly<{
    cwd?: string;
    env?: Readonly<Record<string, string>>;
    heard?: (text: string, processor: number) => void;
  }> = {},
): Promise<Readonly<{ output: string; ownGiB: number }>> {
  const child = Bun.spawn([...command], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  let ownGiB = 0;
  const looking = setInterval(() => {
    ownGiB = Math.max(ownGiB, anonymousOf(child.pid));
  }, 50);
  let output = "";
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const piece of child.stdout) {
      const text = decoder.decode(piece, { stream: true });
      output += text;
      heard?.(text, child.exitCode === null ? spentBy(child.pid) : Number.NaN);
    }
  };
  const [, said] = await Promise.all([read(), new Response(child.stderr).text(), child.exited]);
  clearInterval(looking);
  if (child.exitCode !== 0)
    throw new Error(`${command.join(" ")} ended with ${child.exitCode}: ${`${output}${said}`.slice(-2000)}`);
  return { output, ownGiB };
}
