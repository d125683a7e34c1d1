import { childrenOf, isAlive } from "../../test/support/process-tree.ts";

/** A process and all that it has started, the youngest first. */
export const treeOf = (pid: number): readonly number[] => [
  ...childrenOf(pid).flatMap((child) => treeOf(child)),
  pid,
];

/** Ends a process and all that it has started, at once: what hangs in a driver hears nothing milder. */
export function endTree(pid: number): void {
  for (const one of treeOf(pid))
    if (isAlive(one))
      try {
        process.kill(one, "SIGKILL");
      } catch {
        // it has just ended
      }
}
