import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { chooseVae } from "#/weights/layouts/vae.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { stampAt } from "#/weights/stamp.ts";

type Judged = Readonly<{ stamp: string; refusal: string | undefined }>;

/** Tells which files are base models that draw by themselves. Each is looked at once, and again when it has changed. */
export class BaseModels {
  readonly #known = new Map<string, Judged>();

  /**
   * Why a file cannot be drawn with, in the sentence of its error.
   *
   * @param path real path
   * @returns undefined where it can
   */
  refusal(path: string): string | undefined {
    const stamp = stampAt(path);
    const known = this.#known.get(path);
    if (known !== undefined && known.stamp === stamp) return known.refusal;
    const refusal = judge(path);
    this.#known.set(path, { stamp, refusal });
    return refusal;
  }
}

function judge(path: string): string | undefined {
  try {
    chooseVae(sdxlCheckpoint(openWeights(path)), undefined);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
