import { dirname, sep } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { encode } from "#/graph/encode.ts";
import type { Graph } from "#/graph/graph.ts";
import type { Device } from "#/lib/devices.ts";
import { EngineError } from "#/lib/errors.ts";
import type { Tensor } from "#/tensor/tensor.ts";

export type SessionOptions = Readonly<{
  device: Device;
  /** Map the weights where they lie, or copy them into the order the kernels like best. */
  weights: "in-place" | "packed";
  /** 0 lets the runtime choose. */
  threads: number;
}>;

/** Whole numbers for a graph: token ids, positions. */
export type IntTensor = Readonly<{ dims: readonly number[]; data: BigInt64Array }>;

/** An opened network. One run at a time; a run blocks the thread until it is done. */
export class Session {
  /** Size of the weights in their files. */
  readonly bytes: number;
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession, bytes: number) {
    this.#session = session;
    this.bytes = bytes;
  }

  /**
   * Opens a graph. The weights stay in their files.
   *
   * @throws EngineError `session-failed` or `out-of-memory` with the runtime's own words; ModelError if a file has become
   *         shorter than its header said
   */
  static async open(graph: Graph, options: SessionOptions): Promise<Session> {
    const refs = [...graph.weights.values()].map(({ ref }) => ref);
    const folder = commonFolder(refs.map(({ path }) => path));
    const model = encode(graph, { folder, inPlace: options.weights === "in-place" });
    try {
      const session = await InferenceSession.create(model, {
        executionProviders: [options.device],
        graphOptimizationLevel: optimisation(options),
        // Below "error" the runtime prints a line for every weight that is also an input.
        logSeverityLevel: 3,
        ...(options.threads > 0 ? { intraOpNumThreads: options.threads } : {}),
        extra: { session: { model_external_initializers_file_folder_path: folder } },
      });
      return new Session(
        session,
        refs.reduce((sum, { length }) => sum + length, 0),
      );
    } catch (cause) {
      throw failure("A network could not be opened", cause, "Give the server more memory.");
    }
  }

  /**
   * Runs the network once. What was posted to this thread meanwhile is heard before this returns, so that a stop takes
   * effect before the next run and not after it.
   *
   * @param into memory that answers are written to, by their names; the others get new memory
   * @throws EngineError `session-failed` or `out-of-memory` with the runtime's own words
   */
  async run(
    inputs: Readonly<Record<string, Tensor | IntTensor>>,
    into: Readonly<Record<string, Tensor>> = {},
  ): Promise<Readonly<Record<string, Tensor>>> {
    const feeds: Record<string, OrtTensor> = {};
    for (const [name, { data, dims }] of Object.entries(inputs)) {
      feeds[name] =
        data instanceof Float32Array
          ? new OrtTensor("float32", data, dims)
          : new OrtTensor("int64", data, dims);
    }
    const given = this.#session.outputNames.map((name): [string, OrtTensor | null] => {
      const tensor = into[name];
      return [name, tensor === undefined ? null : new OrtTensor("float32", tensor.data, tensor.dims)];
    });
    try {
      const results = await this.#session.run(feeds, Object.fromEntries(given));
      await messagesHeard();
      return Object.fromEntries(
        Object.entries(results).map(([name, value]) => [name, toTensor(name, value)]),
      );
    } catch (cause) {
      throw failure(
        "A network could not be run",
        cause,
        "Ask for a smaller picture, or give the server more memory.",
      );
    }
  }

  /** Gives the native memory back; the session is dead afterwards. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

/**
 * On weights in place the CPU's optimiser finds nothing to do that shows in a run: it may not fold or re-order them, and the
 * graph is drawn with the fused operators. Looking costs more than half of an opening, so it is left out; copied weights and
 * other providers gain from it.
 */
const optimisation = ({ device, weights }: SessionOptions): "all" | "disabled" =>
  device === "cpu" && weights === "in-place" ? "disabled" : "all";

/** One turn of the event loop: without it a promise goes on before any message that waits. */
const messagesHeard = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function toTensor(name: string, value: OrtTensor): Tensor {
  const { data, dims } = value;
  if (data instanceof Float32Array) return { dims, data };
  throw new EngineError("session-failed", `The network's output ${name} is ${value.type}, not float32.`);
}

/** The deepest folder that holds all files: the runtime refuses weights outside the one it is given. */
export function commonFolder(paths: readonly string[]): string {
  const [first = [""], ...rest] = paths.map((path) => dirname(path).split(sep));
  let length = first.length;
  for (const parts of rest) {
    let same = 0;
    while (same < length && parts[same] === first[same]) same += 1;
    length = same;
  }
  return first.slice(0, length).join(sep) || sep;
}

/** @param more what helps if it was for want of memory */
function failure(what: string, cause: unknown, more: string): EngineError {
  const words = (cause instanceof Error ? cause.message : String(cause)).trim();
  const memory = /allocat|bad_alloc|out of memory|mmap/i.test(words);
  return new EngineError(
    memory ? "out-of-memory" : "session-failed",
    memory ? `${what}: ${words} ${more}` : `${what}: ${words}`,
    {},
    cause,
  );
}
