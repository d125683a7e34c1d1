import { captionNetworks, networks, sd1Networks } from "#/networks/index.ts";

/** What a profile says of one session. */
export type Placed = Readonly<{
  network: string;
  /** How many nodes each provider has, e.g. `CUDAExecutionProvider`. */
  nodes: Readonly<Record<string, number>>;
  /** Of those on the CPU, how many are of which operator. */
  onCpu: Readonly<Record<string, number>>;
  /** Nodes that only copy between memories. */
  copies: number;
}>;

/** A network as all of its sessions have it: the session with most on the CPU. */
export type Placement = Omit<Placed, "network"> & Readonly<{ sessions: number }>;

const all = Object.values({ ...networks, ...sd1Networks, ...captionNetworks });
const cpu = "CPUExecutionProvider";

/** What a session is known by: names of its inputs, with weights among them, and of its outputs. */
export type Ends = Readonly<{ inputs: readonly string[]; outputs: readonly string[] }>;

/** The network with these ends: of those with the same outputs the one of whose inputs most are there. */
function networkOf({ inputs, outputs }: Ends): string {
  const there = new Set(inputs);
  const fit = (declared: readonly string[]): number =>
    declared.filter((name) => there.has(name)).length / declared.length;
  const ranked = all
    .filter((network) => network.outputs.join() === outputs.join())
    .map((network) => ({ name: network.name, fit: fit(Object.keys(network.inputs)) }))
    .toSorted((a, b) => b.fit - a.fit);
  const best = ranked.filter((one) => one.fit === ranked[0]?.fit).map(({ name }) => name);
  return best.length === 0 ? `with outputs ${outputs.join()}` : best.join(", ");
}

const counted = (names: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, list]) => [name, list.length]));

/**
 * Reads a profile.
 *
 * @param ends of the session
 * @param text what the runtime wrote: a list of events in JSON, which may end early
 */
export function placedIn(ends: Ends, text: string): Placed {
  const nodes = new Map<string, Readonly<{ provider: string; op: string }>>();
  for (const line of text.split("\n")) {
    const name = /"name"\s*:\s*"(.*?)_kernel_time"/.exec(line)?.[1];
    const provider = /"provider"\s*:\s*"(\w+)"/.exec(line)?.[1];
    const op = /"op_name"\s*:\s*"(\w+)"/.exec(line)?.[1];
    const index = /"node_index"\s*:\s*"(\d+)"/.exec(line)?.[1];
    if (name !== undefined && provider !== undefined && op !== undefined)
      nodes.set(`${index ?? ""} ${name}`, { provider, op });
  }
  const list = [...nodes.values()];
  const isCopy = ({ op }: { op: string }): boolean => op.startsWith("Memcpy");
  return {
    network: networkOf(ends),
    nodes: counted(list.filter((one) => !isCopy(one)).map(({ provider }) => provider)),
    onCpu: counted(list.filter((one) => one.provider === cpu && !isCopy(one)).map(({ op }) => op)),
    copies: list.filter(isCopy).length,
  };
}

/** Of each network the session of which the CPU has most nodes. */
export function together(placed: readonly Placed[]): Readonly<Record<string, Placement>> {
  const groups = Map.groupBy(placed, ({ network }) => network);
  return Object.fromEntries(
    [...groups].map(([network, list]) => {
      const [worst] = list.toSorted((a, b) => (b.nodes[cpu] ?? 0) - (a.nodes[cpu] ?? 0));
      const { nodes = {}, onCpu = {}, copies = 0 } = worst ?? {};
      return [network, { nodes, onCpu, copies, sessions: list.length }];
    }),
  );
}
