import { openWeights } from "#/weights/open-weights.ts";
import { stampAt } from "#/weights/stamp.ts";
import { findModel, kindFolder } from "./find-model.ts";
import { KnownFolders } from "./known-folders.ts";
import { modelNames } from "./model-names.ts";

/** By what a CLIP vision tower is known, in OpenCLIP's and in transformers' names: its first axis is the tower's width. */
const patchKeys = ["visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight"] as const;

type Judged = Readonly<{ stamp: string; width: number | undefined }>;

/** Tells the vision towers of the clip_vision folders by what they are: their files are called anything. */
export class VisionTowers {
  readonly #known = new Map<string, Judged>();
  readonly #folders = new KnownFolders();

  /**
   * The first tower of a width, by its name below the folder. Each file's header is read once, and again when it has changed.
   *
   * @param passedOver whether a name is not looked at
   */
  ofWidth(
    roots: readonly string[],
    width: number,
    passedOver: (name: string) => boolean,
  ): string | undefined {
    const names = roots.flatMap((root) => {
      const folder = kindFolder(root, "clip_vision");
      return folder === undefined ? [] : modelNames(folder, (one) => this.#folders.list(one));
    });
    return names.find((name) => {
      const path = passedOver(name) ? undefined : findModel(roots, "clip_vision", name);
      return path !== undefined && this.#width(path) === width;
    });
  }

  #width(path: string): number | undefined {
    const stamp = stampAt(path);
    const known = this.#known.get(path);
    if (known?.stamp === stamp) return known.width;
    const width = widthOf(path);
    this.#known.set(path, { stamp, width });
    return width;
  }
}

/** A file that cannot be read is no tower: whoever names it hears why. */
function widthOf(path: string): number | undefined {
  try {
    const { tensors } = openWeights(path);
    return patchKeys.map((key) => tensors.get(key)?.shape[0]).find((width) => width !== undefined);
  } catch {
    return undefined;
  }
}
