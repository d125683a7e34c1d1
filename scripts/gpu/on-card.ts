/**
 * Loaded before every step, and before the tests that a step runs: ends the process when the kit is gone, puts the CUDA provider where
 * the runtime looks for it, and with `GPU_KIT_PROFILES` has the runtime write a profile of every network into that folder.
 */
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import { cudaPlace } from "#/native/cuda/folder.ts";
import { prepareCuda } from "#/native/cuda/prepare.ts";
import { libraryFolder } from "#/native/libraries.ts";
import { endTree } from "./processes.ts";

if (process.env["GPU_KIT_STEP"] !== undefined) {
  // What the step starts hears of its end from the step.
  delete process.env["GPU_KIT_STEP"];
  process.stdin.on("end", () => {
    endTree(process.pid);
  });
  process.stdin.resume();
  process.stdin.unref();
}

const cuda = process.env["GPU_KIT_CUDA"] ?? "";
// As the engine does it. Why it cannot be used is told once, by the step that tries it first.
if (cuda !== "") await prepareCuda({ place: cudaPlace(cuda), asks: true }, libraryFolder());

const folder = process.env["GPU_KIT_PROFILES"];
if (folder !== undefined) profileInto(folder);

/** Beside each profile lies what the network is known by. */
function profileInto(into: string): void {
  const create = InferenceSession.create.bind(InferenceSession) as (
    model: string | Uint8Array,
    options?: InferenceSession.SessionOptions,
  ) => Promise<InferenceSession>;
  const open = new Set<InferenceSession>();
  const opened = { count: 0 };
  Object.assign(InferenceSession, {
    create: async (model: string | Uint8Array, options: InferenceSession.SessionOptions = {}) => {
      opened.count += 1;
      const prefix = join(into, `${process.pid}-${opened.count}`);
      const session = await create(model, {
        ...options,
        enableProfiling: true,
        profileFilePrefix: prefix,
      });
      const { inputNames: inputs, outputNames: outputs } = session;
      await Bun.write(`${prefix}.ends`, JSON.stringify({ inputs, outputs }));
      const release = session.release.bind(session);
      session.release = async () => {
        open.delete(session);
        session.endProfiling();
        await release();
      };
      open.add(session);
      return session;
    },
  });
  process.on("exit", () => {
    for (const session of open) session.endProfiling();
  });
}
