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

/** One of 16,384 for each process: a run that was killed leaves its line, and a second one to the same addresses would lead there. */
const number = process.pid % 16_384;
const name = `fooocusd-${number}`;
const [here, there] = [`fd${number}a`, `fd${number}b`];
const net = `10.201.${number >> 6}`;
const [host, guest] = [1, 2].map((last) => `${net}.${(number & 63) * 4 + last}`) as [string, string];

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
    () => ip("addr", "add", `${host}/30`, "dev", here),
    () => ip("link", "set", here, "up"),
    () => inside("addr", "add", `${guest}/30`, "dev", there),
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
