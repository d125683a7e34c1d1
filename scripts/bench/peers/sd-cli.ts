import { join } from "node:path";
import type { Disguise } from "./avx2/only-avx2.ts";
import type { Asked, Measured, Seconds } from "./part.ts";
import { watch } from "./watch.ts";

type Moment = Readonly<{ at: Seconds; line: string }>;

const words =
  "a red circle on a blue background, oil on canvas, museum, warm light, fine detail, very old, by a master";

/**
 * stable-diffusion.cpp's command line, which draws a whole picture without guidance, one run of the UNet a step; what its parts
 * take is seen by the lines that it writes as they end. Processor seconds are the process' own, read from outside.
 *
 * @param type what `--type` is told, and further arguments; `f16` leaves the weights as they are in the file
 * @throws Error where it fails, or a line that is waited for did not come
 */
export async function runSdCli(
  program: string,
  type: string,
  asked: Asked,
  { wrap }: Disguise,
): Promise<Measured & Readonly<{ ownGiB: number }>> {
  const [weights = "f16", ...more] = type.split(" ");
  const steps = asked.runs + 1;
  const began = performance.now();
  const moments: Moment[] = [{ at: { processor: 0, wall: 0 }, line: "" }];
  const heard = (text: string, processor: number): void => {
    const wall = (performance.now() - began) / 1000;
    for (const line of text.split(/[\n\r]/)) moments.push({ at: { processor, wall }, line });
  };
  const command = [
    ...[program, "--model", asked.checkpoint, "--type", weights, ...more, "--prompt", words],
    ...["--width", `${asked.side}`, "--height", `${asked.side}`, "--steps", `${steps}`, "--cfg-scale", "1"],
    ...["--sampling-method", "euler", "--seed", "1", "--threads", `${asked.threads}`, "--verbose"],
    ...["--output", join(asked.cache, "sd-cli.png")],
  ];
  const { ownGiB } = await watch(wrap(command), { heard });
  const first = (pattern: RegExp): Seconds => {
    const found = moments.find(({ line }) => pattern.test(line));
    if (found === undefined) throw new Error(`sd-cli never wrote ${pattern}`);
    return found.at;
  };
  const between = (from: Seconds, to: Seconds): Seconds => ({
    processor: to.processor - from.processor,
    wall: to.wall - from.wall,
  });
  const ready = first(/loading tensors completed|memory-mapped .* tensors/);
  const encoded = first(/get_learned_condition completed/);
  const stepEnds = Array.from({ length: steps }, (_, i) =>
    first(new RegExp(`[=>] *\\| ${i + 1}/${steps} - `)),
  );
  const sampled = first(/sampling completed/);
  const decoded = first(/decode_first_stage completed/);
  const pairs = stepEnds.slice(1).map((end, i) => between(stepEnds[i] ?? end, end));
  return {
    opening: ready,
    text: [between(ready, encoded)],
    unet: pairs,
    vae: [between(sampled, decoded)],
    ownGiB,
  };
}
