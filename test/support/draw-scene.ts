import sharp from "sharp";
import type { Picture } from "../../scripts/bench/scene-reader/read-scene.ts";
import type { Shape } from "../../scripts/bench/scene-reader/templates.ts";

/** A scene drawn exactly: SVG, so that nothing of the reader's own geometry is used to make it. */
export type DrawnScene = Readonly<{
  width: number;
  height: number;
  background: readonly number[];
  foreground: readonly number[];
  shape: Shape;
  /** Centre and radius in pixels, rotation in degrees. */
  x: number;
  y: number;
  radius: number;
  turn: number;
  /** Gaussian blur in pixels and noise in bytes, such as an image decoder leaves behind; 0 for none. */
  blur: number;
  noise: number;
}>;

/** Paths in a box from -100 to 100. */
const paths: Readonly<Record<Shape, string>> = {
  circle: '<circle r="100"/>',
  square: '<rect x="-85" y="-85" width="170" height="170"/>',
  triangle: '<path d="M0-98 96 78-96 78Z"/>',
  star: '<path d="M0-110 26-36 105-34 42 14 65 89 0 44-65 89-42 14-105-34-26-36Z"/>',
  heart:
    '<path d="M0 96C-60 50-105 8-105-36C-105-70-80-92-52-92C-28-92-8-78 0-56C8-78 28-92 52-92C80-92 105-70 105-36C105 8 60 50 0 96Z"/>',
  ring: '<circle r="79" fill="none" stroke="COLOUR" stroke-width="42"/>',
  cross: '<path d="M-33-100h66v67h67v66h-67v67h-66v-67h-67v-66h67Z"/>',
  diamond: '<path d="M0-110 73 0 0 110-73 0Z"/>',
  moon: '<path d="M56-83A100 100 0 1 0 56 83A82 82 0 0 1 56-83Z"/>',
  flower:
    [0, 60, 120, 180, 240, 300]
      .map((angle) => `<circle cy="-62" r="37" transform="rotate(${angle})"/>`)
      .join("") + '<circle r="52"/>',
};

/** A flower's heart is of another colour. */
const heartOfFlower = '<circle r="24" fill="rgb(250,220,40)"/>';

/** Draws the scene; `random` (0 to 1) gives the noise. */
export async function drawScene(scene: DrawnScene, random: () => number): Promise<Picture> {
  const { width, height, x, y, radius, turn, blur, noise } = scene;
  const colour = `rgb(${scene.foreground.join()})`;
  const body = paths[scene.shape].replace("COLOUR", colour) + (scene.shape === "flower" ? heartOfFlower : "");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="${width}" height="${height}" fill="rgb(${scene.background.join()})"/>
    <g transform="translate(${x} ${y}) rotate(${turn}) scale(${radius / 100})" fill="${colour}">${body}</g></svg>`;
  const image = sharp(Buffer.from(svg)).removeAlpha();
  const bytes = await (blur > 0 ? image.blur(blur) : image).raw().toBuffer();
  const gauss = () => (random() + random() + random() - 1.5) * 2; // near enough: variance 1
  return {
    width,
    height,
    data: Uint8Array.from(bytes, (v) => Math.min(255, Math.max(0, v + noise * gauss()))),
  };
}
