import { readFileSync } from "node:fs";

const lowest = 10_000;

/**
 * A port that nobody has, for a server that is started by another program, or stopped and started again. It is none of those that
 * the system gives to connections and to whoever listens on port 0: one of these is somebody else's as soon as it is let go.
 */
export function freePort(): number {
  for (let tries = 0; ; tries += 1) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data: () => undefined } }).stop(true);
      return port;
    } catch (thrown) {
      if (tries > 100) throw thrown;
    }
  }
}

/** So many of them, each another. */
export function freePorts(count: number): readonly number[] {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(freePort());
  return [...ports];
}

/** Where those begin that the system gives (ip(7), `ip_local_port_range`); what it is by default, where nothing says so. */
const highest = firstGiven();

function firstGiven(): number {
  try {
    const first = Number.parseInt(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8"), 10);
    return first > lowest + 1000 ? first : 32_768;
  } catch {
    return 32_768;
  }
}
