import { spawnSync } from "node:child_process";

/** A host of a test's own, in a network namespace, with one line to this machine that can be cut. */
export type OwnNet = Readonly<{
  /** What a command begins with that is to run there. */
  enter: readonly string[];
  /** This machine, as it is called there. */
  host: string;
  /** Nothing gets through, and nobody is told. */
  cut: () => void;
  mend: () => void;
  close: () => void;
}>;

const name = `fooocusd-${process.pid % 10_000}`;
const [here, there] = [`fd${process.pid % 10_000}a`, `fd${process.pid % 10_000}b`];
const host = "10.201.77.1";

function ip(...args: readonly string[]): boolean {
  return spawnSync("ip", args, { stdio: "ignore", timeout: 10_000 }).status === 0;
}

const inside = (...args: readonly string[]): boolean => ip("netns", "exec", name, "ip", ...args);

/** Makes one. @returns nothing where network namespaces cannot be made: that takes root, and iproute2 */
export function ownNet(): OwnNet | undefined {
  const close = (): void => {
    ip("link", "del", here);
    ip("netns", "del", name);
  };
  const steps = [
    () => ip("netns", "add", name),
    () => ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name),
    () => ip("addr", "add", `${host}/24`, "dev", here),
    () => ip("link", "set", here, "up"),
    () => inside("addr", "add", "10.201.77.2/24", "dev", there),
    () => inside("link", "set", there, "up"),
    () => inside("link", "set", "lo", "up"),
  ];
  if (!steps.every((step) => step())) {
    close();
    return undefined;
  }
  return {
    enter: ["ip", "netns", "exec", name],
    host,
    cut: () => void ip("link", "set", here, "down"),
    mend: () => void ip("link", "set", here, "up"),
    close,
  };
}
