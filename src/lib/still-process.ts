import { readFileSync } from "node:fs";

/** Milliseconds between two looks at a process. */
const lookEvery = 5000;

/**
 * What a process has done so far, as one text that changes whenever it does something: time on a processor, and pages it had
 * to wait for (Linux, `proc_pid_stat(5)`: minflt, majflt, utime, stime).
 *
 * @returns undefined where the system does not say, or there is no such process
 */
export function activityOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program is in brackets, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [fields[7], fields[9], fields[11], fields[12]].join(" ");
  } catch {
    return undefined;
  }
}

/** How a process is looked at; other than by default in tests alone. */
export type Looking = Readonly<{ every: number; activity: typeof activityOf }>;

/**
 * Watches a process and says once that it has stood still: neither time on a processor nor a page of memory for so long. Looks are
 * counted, not time: while a whole machine sleeps, nobody looks.
 *
 * @param stillness milliseconds after which a process counts as hung
 * @param onStill   called once, then the watch is over
 * @returns ends the watch
 */
export function watchProcess(
  pid: number,
  stillness: number,
  onStill: () => void,
  { every, activity }: Looking = { every: lookEvery, activity: activityOf },
): () => void {
  let last = activity(pid);
  let still = 0;
  const timer = setInterval(() => {
    const now = activity(pid);
    still = now !== undefined && now === last ? still + every : 0;
    last = now;
    if (still < stillness) return;
    clearInterval(timer);
    onStill();
  }, every);
  timer.unref();
  return () => clearInterval(timer);
}
