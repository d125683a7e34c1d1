import { basename } from "node:path";
import { BugError, ModelError } from "#/lib/errors.ts";
import { networks } from "#/networks/index.ts";
import type { Network } from "#/networks/network.ts";
import type { Checkpoint } from "#/weights/checkpoint.ts";
import { blipTensors } from "#/weights/layouts/blip.ts";
import { towerSource } from "#/weights/layouts/clip-vision.ts";
import { detectorTensors } from "#/weights/layouts/grounding-dino.ts";
import { checkTowerFits } from "#/weights/layouts/image-prompt.ts";
import { checkHeadFits } from "#/weights/layouts/inpaint-head.ts";
import { readInpaintPatch } from "#/weights/layouts/inpaint-patch.ts";
import { interposerFile } from "#/weights/layouts/interposer.ts";
import { adapterSizes, adapterSource } from "#/weights/layouts/ip-adapter.ts";
import { negativeNotes } from "#/weights/layouts/ip-negative.ts";
import { type SampledAs, sampledAs } from "#/weights/layouts/parameterisation.ts";
import { locatePart, type OwnFileKind, type PartSource } from "#/weights/layouts/part-source.ts";
import { checkRefiner, refinerCheckpoint } from "#/weights/layouts/refiner.ts";
import { samSize, samTensors } from "#/weights/layouts/sam.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readInversion, textWidths } from "#/weights/layouts/textual-inversion.ts";
import { configBeside } from "#/weights/lora/adapter-config.ts";
import { readLora } from "#/weights/lora/read-lora.ts";
import { type ForeignKind, readForeign } from "#/weights/onnx/foreign-kinds.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { stampAt } from "#/weights/stamp.ts";
import type { SamSize } from "./detection-files.ts";

/** Checkpoints that are remembered: about a megabyte each, as names and places of some 2500 tensors. */
const mostCheckpoints = 8;

/** Answers about VAE and LoRA files that are remembered; a few sentences each. */
const mostAnswers = 512;

/**
 * Looks at model files as the engine will: by the same functions, on headers alone. What it saw is remembered until the
 * file changes, so that the next request with the same files costs a look at their stamps.
 */
export class Examiner {
  readonly #checkpoints = new Answers<Checkpoint>(mostCheckpoints);
  readonly #refiners = new Answers<Checkpoint>(mostCheckpoints);
  readonly #others = new Answers<readonly string[]>(mostAnswers);

  /**
   * @param said what the file beside it says of how it is sampled
   * @throws ModelError if the file cannot serve as a checkpoint
   */
  checkpoint(path: string, said?: SampledAs): Checkpoint {
    const checkpoint = this.#checkpoints.of([path, stampAt(path)], () => sdxlCheckpoint(openWeights(path)));
    return sampledAs(checkpoint, said);
  }

  /**
   * @param between what lies between the latents of SDXL and of Stable Diffusion 1.x, if it is there
   * @param said    what the file beside it says of how it is sampled
   * @throws ModelError if it cannot take over from this checkpoint
   */
  refiner(path: string, between: string | undefined, checkpoint: Checkpoint, said?: SampledAs): Checkpoint {
    const stamps = [stampAt(path), between === undefined ? "" : stampAt(between), checkpoint.stamp];
    const examined = this.#refiners.of([path, between ?? "", checkpoint.path, ...stamps], () => {
      const refiner = refinerCheckpoint(openWeights(path));
      checkRefiner(refiner, checkpoint);
      if (refiner.family === "sd-1") {
        const file = between === undefined ? undefined : openWeights(between);
        locatePart({ ownFile: interposerFile }, refiner, file);
      }
      return refiner;
    });
    return sampledAs(examined, said);
  }

  /**
   * @param kind of the part of a model that is looked for, a VAE say
   * @param path of a file of its own, or nothing for the checkpoint's
   * @returns what the file has and nobody uses
   * @throws ModelError if there is none that can serve
   */
  part(kind: OwnFileKind, path: string | undefined, checkpoint: Checkpoint): readonly string[] {
    const key = [path ?? "", path === undefined ? "" : stampAt(path), checkpoint.path, checkpoint.stamp];
    return this.#others.of([kind, ...key], () => {
      const file = path === undefined ? undefined : openWeights(path);
      const { tensors, notes } = locatePart(sourceOf(kind), checkpoint, file);
      if (kind === "inpaint") checkHeadFits(tensors, checkpoint);
      return notes;
    });
  }

  /**
   * @param files an adapter of image prompts, the vision tower that reads pictures for it, and what it says in the negative branch,
   *              if there is a file of that
   * @returns what the files have and nobody uses
   * @throws ModelError if one of them is not what it should be, or adapter and tower do not fit
   */
  imagePrompt(files: ImagePromptFiles, checkpoint: Checkpoint): readonly string[] {
    const { adapter, tower, negative } = files;
    const stamps = [adapter, tower, negative ?? ""].flatMap((path) => [path, path && stampAt(path)]);
    return this.#others.of(["image-prompt", ...stamps, checkpoint.path, checkpoint.stamp], () => {
      const reader = locatePart(adapterSource, checkpoint, openWeights(adapter));
      const eyes = locatePart(towerSource, checkpoint, openWeights(tower));
      checkTowerFits(reader, eyes);
      const unfit =
        negative === undefined ? [] : negativeNotes(openWeights(negative), adapterSizes(reader.tensors));
      return [...reader.notes, ...eyes.notes, ...unfit];
    });
  }

  /**
   * @returns what the file has and nobody uses: nothing
   * @throws ModelError if it is no inpaint patch for this checkpoint, every entry of it
   */
  patch(path: string, checkpoint: Checkpoint): readonly string[] {
    const key = [path, stampAt(path), checkpoint.path, checkpoint.stamp];
    return this.#others.of(["patch", ...key], () => {
      readInpaintPatch(openWeights(path), checkpoint);
      return [];
    });
  }

  /** @throws ModelError if it is no GroundingDINO on Swin-T */
  detector(path: string): void {
    this.#others.of(["detector", path, stampAt(path)], () => detectorTensors(openWeights(path)).notes);
  }

  /**
   * @param size that it should be; one that was never published may be called by any
   * @throws ModelError if it is no Segment Anything, or one of another size
   */
  segmenter(path: string, size: SamSize): void {
    this.#others.of(["segmenter", size, path, stampAt(path)], () => {
      const { tensors, notes } = samTensors(openWeights(path));
      const found = samSize(tensors);
      if (found === undefined || found === size) return notes;
      const message = `${basename(path)} is a Segment Anything of the size ${found}, and not ${size}.`;
      throw new ModelError("layout-unsupported", message, { path, found });
    });
  }

  /** @throws ModelError if it captions no pictures */
  captioner(path: string): void {
    this.#others.of(["captioner", path, stampAt(path)], () => blipTensors(openWeights(path)).notes);
  }

  /**
   * @returns what is not as the file's name promises
   * @throws ModelError if it is no textual inversion for this checkpoint
   */
  inversion(path: string, checkpoint: Checkpoint): readonly string[] {
    const key = [path, stampAt(path), checkpoint.path, checkpoint.stamp];
    return this.#others.of(["inversion", ...key], () => {
      const widths = textWidths(checkpoint);
      return readInversion(openWeights(path), widths, basename(checkpoint.path)).notes;
    });
  }

  /** @throws ModelError if it is no ONNX file of a network for this */
  foreign(kind: ForeignKind, path: string): void {
    this.#others.of([kind, path, stampAt(path)], () => {
      readForeign(kind, path);
      return [];
    });
  }

  /**
   * @returns what the file has and nobody uses
   * @throws ModelError if it is no LoRA for this checkpoint
   */
  lora(path: string, checkpoint: Checkpoint): readonly string[] {
    const config = configBeside(path)?.path;
    const stamps = [stampAt(path), config === undefined ? "" : stampAt(config)];
    const key = [path, ...stamps, checkpoint.path, checkpoint.stamp];
    return this.#others.of(["lora", ...key], () => readLora(path, checkpoint, 0).notes);
  }
}

/** Paths of what an image prompt is made with. */
type ImagePromptFiles = Readonly<{ adapter: string; tower: string; negative: string | undefined }>;

/** Where the networks look for that part. */
function sourceOf(kind: OwnFileKind): PartSource {
  const network = Object.values<Network>(networks).find(({ from }) => from.ownFile?.kind === kind);
  if (network === undefined) throw new BugError(`No network lies in a file of the kind ${kind}.`);
  return network.from;
}

/** Answers and refusals by what they depend on; the one not asked for longest is forgotten first. */
class Answers<T> {
  readonly #most: number;
  readonly #known = new Map<string, () => T>();

  constructor(most: number) {
    this.#most = most;
  }

  of(key: readonly string[], look: () => T): T {
    const name = key.join("\0");
    const known = this.#known.get(name) ?? lookOnce(look);
    this.#known.delete(name);
    this.#known.set(name, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.#most && oldest !== undefined) this.#known.delete(oldest);
    return known();
  }
}

/** Looks now, and answers or refuses the same way ever after; what may pass by itself is thrown at once. */
function lookOnce<T>(look: () => T): () => T {
  try {
    const answer = look();
    return () => answer;
  } catch (thrown) {
    if (!(thrown instanceof ModelError) || thrown.code === "file-unreadable") throw thrown;
    return () => {
      throw thrown;
    };
  }
}
