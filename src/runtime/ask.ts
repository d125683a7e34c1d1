import { BugError } from "#/lib/errors.ts";
import type { Carried, Network } from "#/networks/network.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { blame, isNumbers } from "./blame.ts";
import type { JobNetwork } from "./job-network.ts";
import type { Residency } from "./residency.ts";
import type { IntTensor } from "./session.ts";

/** A network's inputs by the names it declares. */
export type Inputs<Carries extends Network["inputs"]> = {
  readonly [Name in keyof Carries]: Carries[Name] extends Extract<Carried, "tokens" | "position">
    ? IntTensor
    : Tensor;
};

/**
 * Asks a network of the table once and gives what it declares. An answer that holds infinities or NaN is an error that
 * names the file, or the request's own value, that is to blame.
 */
export type Ask = <Carries extends Network["inputs"], Output extends string>(
  network: Network<Carries, Output>,
  inputs: Inputs<Carries>,
) => Promise<Readonly<Record<Output, Tensor>>>;

/**
 * A way to ask the networks of a job, each opened at its first use and given the strengths of its LoRAs.
 *
 * @param inJob what a network of the table is in the job
 */
export function askerOf(inJob: (network: Network) => JobNetwork, residency: Pick<Residency, "run">): Ask {
  return async (network, inputs) => {
    const { located, loras, patch, request } = inJob(network);
    const strengths = Float32Array.from(loras, ({ strength }) => strength);
    const weighted = {
      ...(strengths.length === 0 ? {} : { lora_strengths: { dims: [strengths.length], data: strengths } }),
      ...(patch === undefined ? {} : { difference_strengths: whole }),
    };
    const run = (changed: Readonly<Record<string, Tensor>> = {}) =>
      residency.run(request, { ...weighted, ...inputs, ...changed });
    const answer = await run();
    if (!Object.values(answer).every(isNumbers)) {
      const answersNumbers = async (changed: Readonly<Record<string, Tensor>>): Promise<boolean> =>
        Object.values(await run(changed)).every(isNumbers);
      throw await blame({ network, inputs, located, loras, patch, answersNumbers });
    }
    if (!hasAll(network.outputs, answer))
      throw new BugError(`The network ${network.name} lacks an output it declares.`);
    return answer;
  };
}

/** A patch is made to be added as it is. */
const whole: Tensor = { dims: [1], data: Float32Array.of(1) };

const hasAll = <Name extends string>(
  names: readonly Name[],
  answer: Readonly<Record<string, Tensor>>,
): answer is Readonly<Record<Name, Tensor>> => names.every((name) => Object.hasOwn(answer, name));
