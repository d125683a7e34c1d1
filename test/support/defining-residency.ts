import { Graph } from "#/graph/graph.ts";
import type { NetworkRequest } from "#/runtime/open-network.ts";
import { Residency } from "#/runtime/residency.ts";
import { expandContribOperators } from "./contrib-definitions.ts";

/** A network whose operators that only CUDA has are replaced by their definitions. */
const defined = (request: NetworkRequest): NetworkRequest => ({
  ...request,
  draw: async () => {
    const graph = await request.draw();
    if (!(graph instanceof Graph)) throw new Error(`${request.name} is drawn by others`);
    return expandContribOperators(graph);
  },
});

/** Opens graphs of CUDA's table where there is no CUDA. */
export class DefiningResidency extends Residency {
  override session(request: NetworkRequest): ReturnType<Residency["session"]> {
    return super.session(defined(request));
  }

  override runOnce(...[request, inputs]: Parameters<Residency["runOnce"]>): ReturnType<Residency["runOnce"]> {
    return super.runOnce(defined(request), inputs);
  }

  override openOnce(request: NetworkRequest): ReturnType<Residency["openOnce"]> {
    return super.openOnce(defined(request));
  }
}
