import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Prompts } from "#/pipeline/stages/encode-prompts.ts";
import { admVector } from "#/sampling/guidance/adm.ts";
import type { Tensor } from "#/tensor/tensor.ts";

/** Processor milliseconds a step of diffusers: of its scheduler and guidance, and of the network's one run for both sides. */
export type PeerRow = Readonly<{ own: number; network: number }>;

/** What diffusers needs to walk as we do, and an answer of ours that its network is compared with. */
type Peer = Readonly<{
  task: Readonly<{ steps: number; side: number; guidance: number; timestep: number; threads: number }>;
  prompts: Prompts;
  sample: Tensor;
  answer: Tensor;
}>;

type PeerRows = Readonly<{
  /** Largest difference of the two networks' answers, in parts of the largest value. */
  difference: number;
  samplers: Readonly<Record<string, PeerRow>>;
}>;

/**
 * Has diffusers sample with the checkpoint's UNet.
 *
 * @throws Error if its program fails
 */
export async function peerRows(
  python: string,
  checkpoint: string,
  { task, prompts, sample, answer }: Peer,
): Promise<PeerRows> {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-peer-"));
  const put = (name: string, { data }: Tensor): void => writeFileSync(join(folder, `${name}.f32`), data);
  try {
    for (const side of ["positive", "negative"] as const) {
      put(`context-${side}`, prompts[side].context);
      put(`pooled-${side}`, prompts[side].pooled);
    }
    put("sample", sample);
    put("answer", answer);
    const tokens = prompts.positive.context.dims[1];
    writeFileSync(join(folder, "task.json"), JSON.stringify({ ...task, tokens }));
    const program = join(import.meta.dir, "beside_diffusers.py");
    const child = Bun.spawn([python, program, checkpoint, folder], { stderr: "inherit" });
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error("diffusers' half failed");
    return JSON.parse(text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The size conditioning of a square picture, not exaggerated: what diffusers tells its network. */
export const admOf = (pooled: Tensor, side: number): Tensor =>
  admVector(pooled, { width: side, height: side }, { scale: 1, end: 1 })(500);

/** A tensor of numbers from -1 to 1. */
export const randomTensor = (dims: readonly number[]): Tensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, () => Math.random() * 2 - 1),
});
