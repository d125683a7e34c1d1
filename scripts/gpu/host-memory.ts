import { memory } from "../bench/full-size/checkpoint.ts";
import { treeOf } from "./processes.ts";

/** Memory of a process and all that it has started, GB: its own pages, and all that is resident. */
export type HostMemory = Readonly<{ anonymous: number; resident: number }>;

/** What they hold now. */
export function hostMemory(pid: number): HostMemory {
  const all = treeOf(pid).flatMap((one) => {
    try {
      return [memory(one)];
    } catch {
      return []; // it has just ended
    }
  });
  const sum = (of: (one: ReturnType<typeof memory>) => number): number =>
    all.reduce((total, one) => total + of(one), 0);
  return { anonymous: sum((one) => one.anonymous), resident: sum((one) => one.resident) };
}

/** The most that they held of each while something ran. */
export function watchHost(pid: number): Readonly<{ end: () => HostMemory }> {
  let most: HostMemory = { anonymous: 0, resident: 0 };
  const look = (): void => {
    const now = hostMemory(pid);
    most = {
      anonymous: Math.max(most.anonymous, now.anonymous),
      resident: Math.max(most.resident, now.resident),
    };
  };
  const timer = setInterval(look, 100);
  return {
    end: () => {
      clearInterval(timer);
      return most;
    },
  };
}
