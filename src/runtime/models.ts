import type { FileStretch } from "#/lib/read-ahead.ts";
import { type NetworkName, networks } from "#/networks/index.ts";
import type { Features, Network } from "#/networks/network.ts";
import { previewNetworks } from "#/networks/preview-networks.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { NoiseSchedule, Prediction } from "#/weights/checkpoint.ts";
import { previewKind } from "#/weights/layouts/preview.ts";
import { textWidths } from "#/weights/layouts/textual-inversion.ts";
import { type Ask, askerOf } from "./ask.ts";
import { type JobRoom, planJob } from "./card/job-plan.ts";
import { type ControlNet, controlNetsOf } from "./control-nets.ts";
import { faceDetectorOf } from "./face-detector/detect-faces.ts";
import type { FaceDetector } from "./face-detector/face.ts";
import { type ImagePrompter, imagePromptsOf } from "./image-prompts.ts";
import type { Inversions } from "./inversions.ts";
import { isSeveral, type JobFiles, type ModelPaths, pathsOfKind, readJobFiles } from "./job-files.ts";
import { type JobNetwork, jobNetwork, type Workshop } from "./job-network.ts";
import { type LanguageModel, languageModel } from "./language-model.ts";
import type { CodedLayers, JobRequest } from "./open-network.ts";
import { type RefinerNetworks, refinerOf } from "./refiner-networks.ts";
import { type TextEncoder, textEncoders, textEncodersWithVectors } from "./text-encoders.ts";
import { type TellTexts, type ToldText, unetOf } from "./told-texts.ts";
import { type Upscaler, upscalerOf } from "./upscaler/super-resolve.ts";
import { type Vae, vaeOf } from "./vae.ts";

/**
 * What a UNet is asked with: the scaled latent [1, 4, h, w], its timestep [1], the text's hidden states
 * [1, 77 n, 2048] and the ADM vector [1, 2816]. Inputs of further features have their own names.
 */
export type UnetInputs = ToldInputs<Readonly<{ context: Tensor }>>;

/** The same, the text in a form of {@link ToldText}. */
export type ToldInputs<Told extends ToldText = ToldText> = Readonly<{
  sample: Tensor;
  timestep: Tensor;
  y: Tensor;
}> &
  Told &
  Readonly<Record<string, Tensor>>;

/** One network call, with named inputs -> what the checkpoint predicts. */
export type Unet = (inputs: ToldInputs) => Promise<Tensor>;

/**
 * The networks of a job, each opened at its first use. Every answer is looked at: one that holds infinities or NaN is an
 * error that names the file, or the request's own value, that is to blame (`blame.ts`).
 */
export type Networks = Readonly<{
  prediction: Prediction;
  schedule: NoiseSchedule;
  /** Same key, same text embeddings: the checkpoint, the LoRAs and their weights, textual inversions, and clip skip. */
  textKey: string;
  /** The vectors of the job's textual inversions by what prompts call them; the text encoders take them as tokens. */
  vectors: Inversions["vectors"];
  /** Prompt expansion's; only a job with expansion has the file for it. */
  language: () => LanguageModel;
  textL: TextEncoder;
  textG: TextEncoder;
  unet: Unet;
  /** What {@link Networks.unet} is told of texts. */
  tellTexts: TellTexts;
  /** Those that the job names, in its order. */
  controlNets: readonly ControlNet[];
  /** Those whose adapters the job names, in its order. */
  imagePrompts: readonly ImagePrompter[];
  /**
   * What the inpaint head makes of a hole [1, 1, h, w] and of the latent of a picture with grey in it, sampler space: what a
   * patched UNet is told as `inpaint`. Only a job with an engine has the file for it.
   */
  inpaintHead: (inputs: Readonly<{ hole: Tensor; picture: Tensor }>) => Promise<Tensor>;
  /**
   * By how much what a picture [1, 3, 224, 224] in CLIP's levels shows is above the thresholds of the safety checker; only a job that
   * names its file has it.
   */
  safety: (picture: Tensor) => Promise<Readonly<Record<"special" | "concepts", Tensor>>>;
  /** The model that takes over, where there is one. */
  refiner: RefinerNetworks | undefined;
  /**
   * A look at a latent in sampler space -> [1, 3, H, W], about -1 to 1, of another size than the picture's. Nothing where no
   * file for previews was named.
   *
   * @throws ModelError where the file that was named makes none
   */
  preview: (latent: Tensor) => Promise<Tensor | undefined>;
  /**
   * The upscaler that the job names.
   *
   * @throws ModelError where it names none, or its file is none
   */
  upscaler: () => Upscaler;
  /**
   * Finds faces in a picture.
   *
   * @throws ModelError where the job names no face detector, or its file is none
   */
  faces: FaceDetector;
  /** Any network of the table, by the inputs it declares. */
  ask: Ask;
  /** What the job does as the plan of a card's memory says; nothing where none is planned. */
  room?: JobRoom | undefined;
}> &
  /** The base model's, or the file that is used instead. */
  Vae;

/**
 * Reads the headers of a job's files and offers its networks. Nothing heavy happens here: sessions are opened by the
 * residency at their first call and stay for the next job.
 *
 * @throws ModelError if a file is not what it should be
 */
export const openNetworks = (paths: ModelPaths, features: Features, workshop: Workshop): Networks =>
  networksOf(paths, features, workshop).opened;

/**
 * As {@link openNetworks}, and announces what the job will use, those beside that lie in files which it names: all of that
 * stays open together until the residency is told of the job's end, but for what is asked before the UNet alone.
 *
 * @throws EngineError `out-of-memory` where one of them alone is larger than the residency's budget; nothing was opened
 */
export function startJob(
  paths: ModelPaths,
  features: Features,
  workshop: Workshop,
  uses: readonly NetworkName[],
): Networks {
  const { opened, inJob, requests: asked, passing } = networksOf(paths, features, workshop);
  const announced = new Set<Network>([...uses.map((name) => networks[name]), ...inOwnFiles(paths)]);
  const own = [...announced].map((network) => inJob(network).request);
  const room =
    workshop.card &&
    planJob(workshop.card, {
      others: [...own.filter(({ name }) => !isAnywhere(name)), ...passing],
      vae: own.filter(
        ({ name }) => name === networks["vae-decoder"].name || name === networks["vae-encoder"].name,
      ),
      denoising: uses.includes("unet") ? [...asked.unet, ...asked.controls] : [],
      refining: asked.refiner,
    });
  const requests = allOf(asked);
  workshop.residency.startJob([...own, ...requests], passing, room);
  const reads = readsOf([...passing, ...own, ...requests], workshop.residency);
  if (reads.length > 0) workshop.willRead?.(reads);
  return { ...opened, room };
}

/** Whether a network of a job's checkpoint is part of a stage by more than itself. */
const isAnywhere = (name: string): boolean =>
  name === networks.unet.name ||
  name === networks["vae-decoder"].name ||
  name === networks["vae-encoder"].name;

/** What is about to be mapped, each stretch once, in the order in which networks are announced. */
function readsOf(requests: readonly JobRequest[], residency: Workshop["residency"]): readonly FileStretch[] {
  const found = new Map<string, FileStretch>();
  for (const { reads } of requests)
    for (const stretch of reads?.() ?? []) found.set(JSON.stringify(stretch), stretch);
  // A UNet is announced in each way that it may be told of a text, and opened in one.
  for (const { reads } of requests.filter((one) => residency.isOpen(one)))
    for (const stretch of reads?.() ?? []) found.delete(JSON.stringify(stretch));
  return [...found.values()];
}

/**
 * The layers in 8 bits of the networks of a checkpoint, of what takes over from it, and of ControlNets, that a job will use.
 *
 * @throws ModelError if a file is not what it should be
 */
export function codedLayers(
  paths: ModelPaths,
  features: Features,
  workshop: Workshop,
  uses: readonly NetworkName[],
): readonly CodedLayers[] {
  const { inJob, requests } = networksOf(paths, { ...features, fast: true }, workshop);
  const own = uses.map((name) => inJob(networks[name]).request);
  const all = [...own, ...allOf(requests)].flatMap(({ coded }) => coded ?? []);
  // A UNet is announced in each way that it may be told of a text.
  return [...new Map(all.map((layers) => [JSON.stringify(layers.files()), layers])).values()];
}

/** Networks that are in no checkpoint, and in a file that the job names; those of which it may name several announce themselves. */
const inOwnFiles = (paths: ModelPaths): readonly Network[] =>
  Object.values<Network>(networks).filter(({ from: { checkpoint, ownFile } }) => {
    if (checkpoint !== undefined || ownFile === undefined || isSeveral(ownFile.kind)) return false;
    return paths[ownFile.kind] !== undefined;
  });

/** What a network of the table is in a job. */
type InJob = (network: Network) => JobNetwork;

/** The requests by which what denoises is open. */
type Requests = Readonly<Record<"unet" | "refiner" | "controls", readonly JobRequest[]>>;

const allOf = ({ unet, refiner, controls }: Requests): readonly JobRequest[] => [
  ...unet,
  ...refiner,
  ...controls,
];

function networksOf(
  paths: ModelPaths,
  asked: Features,
  workshop: Workshop,
): Readonly<{
  opened: Networks;
  inJob: InJob;
  requests: Requests;
  passing: readonly JobRequest[];
}> {
  const features = { ...asked, textKeys: workshop.operators.textKeys };
  const files = readJobFiles(paths, [networks["vae-decoder"].from], workshop.known);
  const inJob: InJob = (network) => jobNetwork(network, files, { ...features, ...files.own }, workshop);
  const ask = askerOf(inJob, workshop.residency);
  const { residency } = workshop;
  const atPlace = (network: Network, at: number, textKeys = features.textKeys): JobNetwork =>
    jobNetwork(
      network,
      { ...files, locate: (source) => files.locate(source, at) },
      { ...features, textKeys },
      workshop,
    );
  const controls = controlNetsOf(pathsOfKind(paths, "controlnet").length, atPlace, workshop);
  const prompts = imagePromptsOf(pathsOfKind(paths, "ip_adapter").length, atPlace, files, residency);
  const { checkpoint, inversions } = files;
  const { prediction, schedule } = checkpoint;
  const refiner = refinerOf(files, features, workshop);
  const unet = unetOf(files, { ...features, ...files.own }, workshop);
  const opened = {
    prediction,
    schedule,
    textKey: [textKey(inJob), ...inversions.keys].join("|"),
    vectors: inversions.vectors,
    language: () => languageModel(ask, files.locate(networks.gpt2.from).tensors),
    ...(inversions.vectors.size === 0
      ? textEncoders(ask)
      : textEncodersWithVectors(ask, textWidths(checkpoint))),
    inpaintHead: async (inputs: Readonly<{ hole: Tensor; picture: Tensor }>) =>
      (await ask(networks["inpaint-head"], inputs)).feature,
    safety: (picture: Tensor) => ask(networks["safety-checker"], { picture }),
    unet: unet.unet,
    tellTexts: unet.tellTexts,
    ...vaeOf(ask, files, workshop),
    preview: previewOf(files, ask),
    controlNets: controls.asked,
    imagePrompts: prompts.asked,
    refiner: refiner?.asked,
    upscaler: () => upscalerOf(ask, files),
    faces: faceDetectorOf(ask),
    ask,
  };
  return {
    opened,
    inJob,
    requests: { unet: unet.requests(), refiner: refiner?.requests ?? [], controls: controls.requests() },
    passing: prompts.requests(),
  };
}

const previewOf =
  (files: JobFiles, ask: Ask): Networks["preview"] =>
  async (latent) => {
    const file = files.preview();
    return file === undefined ? undefined : (await ask(previewNetworks[previewKind(file)], { latent })).image;
  };

/** Only LoRAs with factors in a text encoder change what it says. */
const textKey = (inJob: InJob): string =>
  [networks["text-l"], networks["text-g"]]
    .map(inJob)
    .flatMap(({ request, loras }) => [request.key, ...loras.map(({ strength }) => strength)])
    .join("|");
