import { basename, dirname, sep } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { encode } from "#/graph/encode.ts";
import { Graph } from "#/graph/graph.ts";
import type { Device } from "#/lib/devices.ts";
import { EngineError, ModelError } from "#/lib/errors.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { OnnxFile } from "#/weights/onnx/read-onnx.ts";
import { endName, float32Ends, hasHalfEnds } from "./foreign/float32-ends.ts";

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
  readonly #outputs: readonly string[];

  /** @param outputs those that are asked for */
  private constructor(session: InferenceSession, bytes: number, outputs = session.outputNames) {
    this.#session = session;
    this.bytes = bytes;
    this.#outputs = outputs;
  }

  /**
   * Opens a graph, whose weights stay in their files, or a file as whoever made it left it.
   *
   * @throws EngineError `session-failed` or `out-of-memory` with the runtime's own words; ModelError if a file has become
   *         shorter than its header said
   */
  static open(graph: Graph | OnnxFile, options: SessionOptions): Promise<Session> {
    return graph instanceof Graph ? Session.#ours(graph, options) : Session.#foreign(graph, options);
  }

  static async #ours(graph: Graph, options: SessionOptions): Promise<Session> {
    const refs = [...graph.weights.values()].map(({ ref }) => ref);
    const folder = commonFolder(refs.map(({ path }) => path));
    const model = encode(graph, { folder, inPlace: isMapped(options) });
    try {
      const session = await InferenceSession.create(model, {
        ...plainOptions(options),
        graphOptimizationLevel: optimisation(options),
        // At the second run of a size it would lay a whole run out in one piece, beside all that the first one took: on a card
        // 4 GB more for a decoded picture of 1024 x 1024.
        enableMemPattern: false,
        ...weightsIn(folder, options.device),
      });
      return new Session(
        session,
        refs.reduce((sum, { length }) => sum + length, 0),
      );
    } catch (cause) {
      throw failure("A network could not be opened", cause, "Give the server more memory.");
    }
  }

  /** What is drawn by others is drawn of the smallest nodes, and gains from the optimiser. */
  static async #foreign(file: OnnxFile, options: SessionOptions): Promise<Session> {
    const { path, bytes } = file;
    const wanted = { ...plainOptions(options), graphOptimizationLevel: "all" } as const;
    try {
      const session = hasHalfEnds(file)
        ? await InferenceSession.create(float32Ends(file), {
            ...wanted,
            ...weightsIn(dirname(path), options.device),
          })
        : await InferenceSession.create(path, wanted);
      // Others may be of any type, and nobody asks for them.
      return new Session(session, bytes, file.outputs.slice(0, 1).map(endName));
    } catch (cause) {
      if (cause instanceof ModelError) throw cause;
      const error = failure(`${basename(path)} could not be opened`, cause, "Give the server more memory.");
      if (error.code === "out-of-memory") throw error;
      // Whatever else the runtime has against it is the file's fault: operators it does not know, edges that do not fit.
      throw new ModelError(
        "header-invalid",
        `${error.message} Get the file again, or another version of it.`,
        { path },
        cause,
      );
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
    const given = this.#outputs.map((name): [string, OrtTensor | null] => {
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

const plainOptions = ({ device, threads }: SessionOptions) => ({
  executionProviders: [device],
  // Below "error" the runtime prints a line for every weight that is also an input.
  logSeverityLevel: 3 as const,
  ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
});

/**
 * Where weights lie that are not in the graph's own bytes. On CUDA each gets the memory it takes: in the arena, which grows in powers of
 * two, SDXL's UNet took 0.7 GB more (`scripts/check/cuda-placement`).
 */
const weightsIn = (folder: string, device: Device) => ({
  extra: {
    session: {
      model_external_initializers_file_folder_path: folder,
      ...(device === "cuda" ? { use_device_allocator_for_initializers: "1" } : {}),
    },
  },
});

/**
 * Whether weights stay in their files. A device has a copy of its own in any case, made when the network is opened: what is made of weights
 * alone is then made once, and not in each run.
 */
const isMapped = ({ device, weights }: SessionOptions): boolean => device === "cpu" && weights === "in-place";

/**
 * On weights in place the CPU's optimiser finds nothing to do that shows in a run: it may not fold or re-order them, and the
 * graph is drawn with the fused operators. Looking costs more than half of an opening, so it is left out; copied weights and
 * other providers gain from it.
 */
const optimisation = (options: SessionOptions): "all" | "disabled" =>
  isMapped(options) ? "disabled" : "all";

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
