import type { Pixmap } from "#/image/pixmap.ts";
import type { Contribute } from "#/sampling/guidance/inputs.ts";
import type { Latent } from "#/sampling/sampler.ts";
import type { Tensor } from "#/tensor/tensor.ts";

/**
 * What a job starts from, made once for all its images: a picture that is finished already, so that nothing is diffused and
 * no text is asked for, or the latent of every image before noise.
 */
export type Beginning =
  | Readonly<{ kind: "picture"; image: Pixmap }>
  /** What shows how a picture is prepared, in place of what is made of it. */
  | Readonly<{ kind: "pictures"; images: readonly Pixmap[] }>
  | LatentBeginning;

/** A latent to start from, and what follows from it for each image. */
export type LatentBeginning = Readonly<{
  kind: "latent";
  /** VAE space, [1, 4, h, w]; its size is that of all that is sampled, whatever size the recipe asks for. */
  latent: Latent;
  /** How much of the schedule is walked: 1 from noise, less keeps as much of the latent. */
  denoise: number;
  /** What is painted anew; everything where it is left out. */
  repaint?: Repaint;
  /** What the base model's network is told besides. It ends where another model takes over. */
  further?: readonly Contribute[];
  /** Whether the image is decoded in the reference's tiles, as what was enlarged is. */
  tiles?: boolean;
  /**
   * What another picture of the size of the one that is started from looks like where only a part of that is drawn: the same
   * part, at the size that is drawn, so that edges lie on edges; undefined for a picture of another size.
   */
  alike?: (other: Pixmap) => Pixmap | undefined;
  /** What becomes of a decoded image before it is the result: put back into a larger picture, for example. */
  finish?: (image: Pixmap) => Pixmap;
}>;

/** The place of what is painted anew, and what lies everywhere else at every step. */
export type Repaint = Readonly<{
  /** [1, 1, h, w]; 1 is painted anew, 0 stays. */
  mask: Tensor;
  /** VAE space, [1, 4, h, w]. */
  fill: Latent;
  /** The same in the VAE space of a refiner that has its own. */
  refinerFill?: Latent;
}>;
