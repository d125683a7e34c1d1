export type Point = Readonly<{ x: number; y: number }>;
export type Size = Readonly<{ width: number; height: number }>;
/** A rectangle in a picture's pixels. */
export type Region = Size & Readonly<{ left: number; top: number }>;

/** Where a picture lies on the screen: a pixel (x, y) of it is seen at (view.x + scale * x, view.y + scale * y). */
export type View = Readonly<{ scale: number; x: number; y: number }>;

/** A pixel of the picture is never smaller than this part of a screen's, nor larger than so many of them. */
const scales = { least: 0.02, most: 40 };

/** The view in which a region is whole, in the middle of a box of the screen. */
export function fitView(region: Region, box: Size): View {
  const scale = Math.min(box.width / region.width, box.height / region.height) || 1;
  return {
    scale,
    x: (box.width - region.width * scale) / 2 - region.left * scale,
    y: (box.height - region.height * scale) / 2 - region.top * scale,
  };
}

/** Which place of the picture is seen at a place of the screen. */
export function toPicture({ scale, x, y }: View, at: Point): Point {
  return { x: (at.x - x) / scale, y: (at.y - y) / scale };
}

/** Where on the screen a place of the picture is seen. */
export function toScreen({ scale, x, y }: View, at: Point): Point {
  return { x: x + at.x * scale, y: y + at.y * scale };
}

/** Larger or smaller by a factor; what is seen at a place of the screen stays there. */
export function zoomAt(view: View, factor: number, at: Point): View {
  const scale = Math.min(scales.most, Math.max(scales.least, view.scale * factor));
  const kept = toPicture(view, at);
  return { scale, x: at.x - kept.x * scale, y: at.y - kept.y * scale };
}

/** Two fingers that moved: what was below their middle is below their middle again, and larger as they went apart. */
export function pinched(view: View, before: readonly [Point, Point], after: readonly [Point, Point]): View {
  const [from, to] = [middle(before), middle(after)];
  const factor = apart(before) === 0 ? 1 : apart(after) / apart(before);
  return panned(zoomAt(view, factor, from), { x: to.x - from.x, y: to.y - from.y });
}

/** Moved by so much of the screen. */
export const panned = (view: View, by: Point): View => ({ ...view, x: view.x + by.x, y: view.y + by.y });

/** The nearest view in which some of a region still lies below the middle of the box: it cannot be lost. */
export function held(view: View, region: Region, box: Size): View {
  const { scale } = view;
  const within = (at: number, start: number, length: number, room: number): number => {
    const most = room / 2 - start * scale;
    return Math.min(most, Math.max(most - length * scale, at));
  };
  return {
    scale,
    x: within(view.x, region.left, region.width, box.width),
    y: within(view.y, region.top, region.height, box.height),
  };
}

const middle = ([a, b]: readonly [Point, Point]): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
const apart = ([a, b]: readonly [Point, Point]): number => Math.hypot(a.x - b.x, a.y - b.y);
