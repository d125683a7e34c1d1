import { readFileSync } from "node:fs";

/** Where `scripts/setup.mjs` says its process number, for a server that must not outlive it. */
export const starterVariable = "SETUP_PROCESS";

/** Milliseconds between two looks. */
const lookEvery = 500;

/**
 * Calls `gone` once when the process that started this one has ended: whoever it forwarded signals for cannot reach us
 * any more. Other starts (a shell, a service, `nohup`) may end and leave the server running, as they always could.
 *
 * @param starter its process number; ignored unless it is our parent, since our own children inherit the environment
 */
export function whenStarterIsGone(starter: string | undefined, gone: () => void): void {
  if (starter === undefined || Number(starter) !== process.ppid) return;
  const timer = setInterval(() => {
    if (Number(starter) === process.ppid) return;
    clearInterval(timer);
    gone();
  }, lookEvery);
  timer.unref();
}

/** Whether this process was started to outlive its terminal, as `nohup` does it: then a handler would undo that. */
export function isHangUpIgnored(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
    return (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    // A system without /proc: its default, to end, is replaced by an end in order.
    return false;
  }
}
