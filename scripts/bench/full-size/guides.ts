/**
 * What pictures that guide cost at SDXL's full size: a ControlNet's call beside a step of the UNet, as a Control-LoRA of rank 128 and
 * whole; what its answers, and the zero that is fed once it has ended, add to that step; the same of an image prompt, and what its
 * keys take once; and the memory that is each one's own. All in turns in one process, so that a slow minute of the machine hits all of
 * them, in processor seconds, which other work hardly blurs as long as there is one thread; those of the program itself besides,
 * without the system's, which are of reading files again where memory is short.
 * `bun scripts/bench/full-size/guides.ts [folder] [--rounds 4] [--latent 64] [--threads 1] [--only Control-LoRA,ControlNet]`; needs
 * 12 GB of disk in the folder, `--keep` keeps the files.
 */

import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { operators } from "#/graph/operators.ts";
import { createLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import type { ModelPaths } from "#/runtime/job-files.ts";
import { type Networks, openNetworks, type ToldInputs } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";
import { imageInput } from "#/sampling/guidance/image-input.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { controlLoraShapes, controlShapes } from "../../../test/support/control-layout.ts";
import {
  adapterPlus,
  adapterShapes,
  openClipShapes,
  visionH,
} from "../../../test/support/image-prompt-layout.ts";
import { sdxlBase } from "../../../test/support/sdxl-layout.ts";
import { unetInputs } from "../../../test/support/unet-inputs.ts";
import { memory, writeCheckpoint, writeRandom } from "./checkpoint.ts";

const args = process.argv.slice(2);
const option = (name: string, usual: number): number => {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? usual : Number(args[at + 1]);
};
const rounds = option("rounds", 4);
const side = option("latent", 64);
const threads = option("threads", 1);
const folder = resolve(args.find((arg, i) => !arg.startsWith("--") && !args[i - 1]?.startsWith("--")) ?? ".");
const base = join(folder, "synthetic-sdxl-base.safetensors");
const rank128 = join(folder, "synthetic-control-lora.safetensors");
const whole = join(folder, "synthetic-controlnet.safetensors");
const tower = join(folder, "synthetic-clip-vision-h.safetensors");
const adapter = join(folder, "synthetic-ip-adapter-plus.safetensors");
const cache = join(folder, "derived");
const onlyAt = args.indexOf("--only");
const only = onlyAt < 0 ? undefined : new Set(["UNet", ...(args[onlyAt + 1] ?? "").split(",")]);

const random = (dims: readonly number[]): Tensor => ({
  dims,
  data: Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, () => Math.random() * 2 - 1),
});
const context = random([1, 77, 2048]);
const inputs = () => unetInputs(random([1, 4, side, side]), 500, context, random([1, 2816]));
/** As the pipeline asks a UNet or a ControlNet: told the text's keys and values, which are made once. */
async function toldKeys({ tellTexts }: Pick<Networks, "tellTexts">): Promise<ToldInputs> {
  const { context: text, ...others } = inputs();
  const [told = { context: text }] = await tellTexts([text]);
  return { ...others, ...told };
}
const named = (residuals: readonly Tensor[]): Record<string, Tensor> =>
  Object.fromEntries(residuals.map((residual, place) => [`control_${place}`, residual]));
const nothing = named(Array.from({ length: 10 }, () => ({ dims: [1, 1, 1, 1], data: new Float32Array(1) })));

function write(): void {
  if (!existsSync(base)) writeCheckpoint(base);
  if (!existsSync(rank128)) writeRandom(rank128, controlLoraShapes(sdxlBase, 128));
  if (!existsSync(whole)) writeRandom(whole, controlShapes(sdxlBase));
  if (!existsSync(tower)) writeRandom(tower, openClipShapes(visionH));
  if (!existsSync(adapter)) writeRandom(adapter, adapterShapes(sdxlBase, adapterPlus));
}

async function measure(): Promise<void> {
  const log = createLog("error");
  const residency = new Residency({ device: "cpu", weights: "in-place", threads }, { bytes: 2 ** 40 }, log);
  const derived = new DerivedFiles({ folder: cache, budget: 2 ** 40 }, log);
  const open = (more: Partial<ModelPaths>) =>
    openNetworks(
      { base, loras: [], ...more },
      { clipSkip: 2 },
      { operators: operators.cpu, residency, derived },
    );
  const [plain, guided] = [open({}), open({ controlnet: [rank128, whole] })];
  const [lora, full] = guided.controlNets;
  if (lora === undefined || full === undefined) throw new Error("a job has the ControlNets that it names");
  const prompted = open({ ip_adapter: [adapter], clip_vision: [tower] });
  const [prompter] = prompted.imagePrompts;
  if (prompter === undefined) throw new Error("a job has the image prompts that it names");
  const picture = random([1, 3, 224, 224]);
  const telling = (stop: number) =>
    imageInput([{ keys, weight: 1, stop }], { trainedTimestep: () => 500 })({
      sample: picture,
      sigma: 1,
      timestep: 500,
    });
  const keys = await prompter.ofPicture(picture);
  const hint = await lora.hint(random([1, 3, 8 * side, 8 * side]));
  const answer = named(Array.from(await lora.residuals({ ...(await toldKeys(lora)), hint })));
  const works: Readonly<Record<string, () => Promise<unknown>>> = {
    UNet: async () => plain.unet(await toldKeys(plain)),
    "UNet with answers": async () => guided.unet({ ...(await toldKeys(guided)), ...answer }),
    "UNet with zeros": async () => guided.unet({ ...(await toldKeys(guided)), ...nothing }),
    "Control-LoRA": async () => lora.residuals({ ...(await toldKeys(lora)), hint }),
    ControlNet: async () => full.residuals({ ...(await toldKeys(full)), hint }),
    "UNet with an image prompt": async () =>
      prompted.unet({ ...(await toldKeys(prompted)), ...(await telling(1)) }),
    "UNet with an ended image prompt": async () =>
      prompted.unet({ ...(await toldKeys(prompted)), ...(await telling(0)) }),
    "a picture's keys, once": () => prompter.ofPicture(picture),
  };
  const wanted = Object.entries(works).filter(([what]) => only?.has(what) ?? true);
  const seconds = new Map(wanted.map(([what]): [string, Spent[]] => [what, []]));
  const opened: Record<string, number> = {};
  for (let round = 0; round <= rounds; round += 1)
    for (const [what, work] of wanted) {
      const [start, before] = [process.cpuUsage(), memory().anonymous];
      await work();
      const { user, system } = process.cpuUsage(start);
      // The first round opens, and reads the weights.
      if (round === 0) opened[what] = memory().anonymous - before;
      else seconds.get(what)?.push({ all: (user + system) / 1e6, user: user / 1e6 });
    }
  tell(seconds, opened);
  process.stdout.write(`${JSON.stringify({ what: "memory at the end, GB", ...memory() })}\n`);
  await residency.close();
}

/** Processor seconds: all, and without the system's. */
type Spent = Readonly<{ all: number; user: number }>;

/** Each work's median, and in parts of the UNet's step of the same round. */
function tell(
  seconds: ReadonlyMap<string, readonly Spent[]>,
  opened: Readonly<Record<string, number>>,
): void {
  const step = seconds.get("UNet") ?? [];
  const middle = (list: readonly number[]): number =>
    list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
  for (const [what, list] of seconds) {
    const ratios = (of: (spent: Spent) => number): readonly number[] =>
      list.flatMap((one, i) => {
        const other = step[i];
        return other === undefined ? [] : [of(one) / of(other)];
      });
    const [all, user] = [ratios((spent) => spent.all), ratios((spent) => spent.user)];
    const row = {
      what,
      processorSeconds: middle(list.map((spent) => spent.all)),
      ratio: middle(all),
      ratios: all,
      userRatio: middle(user),
      ownGB: opened[what],
    };
    process.stdout.write(`${JSON.stringify(row)}\n`);
  }
}

try {
  write();
  await measure();
} finally {
  if (!args.includes("--keep"))
    for (const path of [base, rank128, whole, tower, adapter, cache])
      rmSync(path, { recursive: true, force: true });
}
