import type { Network } from "#/networks/network.ts";
import type { OwnPart } from "#/weights/layouts/part-source.ts";
import { openWeights } from "#/weights/open-weights.ts";
import type { WeightFile } from "#/weights/weight-file.ts";
import { type Ask, askerOf } from "./ask.ts";
import { jobNetwork, type Workshop } from "./job-network.ts";
import type { JobRequest } from "./open-network.ts";

/** Networks that lie in one file and need no checkpoint. */
export type LoneNetworks = OwnPart &
  Readonly<{
    ask: Ask;
    /** The requests by which these are open. */
    requests: (networks: readonly Network[]) => readonly JobRequest[];
  }>;

/**
 * The networks of a file. Nothing is opened before it is asked.
 *
 * @param read what the file has for them
 * @throws ModelError if it is not what it should be
 */
export function loneNetworks(
  path: string,
  read: (file: WeightFile) => OwnPart,
  workshop: Workshop,
): LoneNetworks {
  const file = openWeights(path);
  const part = read(file);
  const parts = { loras: [], patch: undefined, locate: () => ({ file, ...part }) };
  const inJob = (network: Network) => jobNetwork(network, parts, { clipSkip: 1 }, workshop);
  return {
    ...part,
    ask: askerOf(inJob, workshop.residency),
    requests: (networks) => networks.map((network) => inJob(network).request),
  };
}
