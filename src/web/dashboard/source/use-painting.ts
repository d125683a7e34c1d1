import { useRef, useState } from "preact/hooks";
import type { Effect } from "./gesture.ts";
import { type MaskHistory, withStep } from "./mask-history.ts";
import { useBox } from "./use-box.ts";
import { type Brush, type Tool, useStroke } from "./use-stroke.ts";
import { useView } from "./use-view.ts";
import { type Point, type Region, type Size, toPicture } from "./view.ts";

/** What is painted on: the picture's size, the frame that is shown, the mask and how it changes. */
export type Painted = Readonly<{
  picture: Size;
  region: Region;
  mask: MaskHistory;
  change: (mask: MaskHistory) => void;
}>;

export type Painting = ReturnType<typeof usePainting>;

/** Everything that a mask is painted with: the brush and where it is, the view, and what pointers do. */
export function usePainting({ picture, region, mask, change }: Painted) {
  const sheet = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const longest = Math.max(picture.width, picture.height);
  const [tool, setTool] = useState<Tool>("paint");
  const [size, setSize] = useState(Math.max(1, Math.round(longest / 12)));
  const [cursor, setCursor] = useState<Point>();
  const sight = useView(region, useBox(sheet));
  const stroke = useStroke(canvas, mask, change);
  const brushOf = (erases: boolean): Brush => {
    if (tool === "area" && !erases) return { tool, width: 2 / sight.now().scale };
    return { tool: erases || tool === "erase" ? "erase" : "paint", width: size };
  };
  const place = (at: Point) => toPicture(sight.now(), at);
  const perform = (effect: Effect, erases: boolean): void => {
    switch (effect.do) {
      case "nothing":
        return;
      case "dot":
        return stroke.dot(brushOf(erases), place(effect.at));
      case "draw":
        return stroke.draw(brushOf(erases), place(effect.from), place(effect.to));
      case "end":
        return stroke.end();
      case "drop":
        return stroke.drop();
      case "pan":
        return sight.pan(effect.by);
      case "pinch":
        return sight.pinch(effect.before, effect.after);
    }
  };
  /** A dot where the brush is, as the keyboard paints. */
  const dab = () => {
    const at = cursor ?? { x: picture.width / 2, y: picture.height / 2 };
    setCursor(at);
    change(withStep(mask, { kind: "stroke", erase: tool === "erase", width: size, points: [at] }));
  };
  const resize = (to: number) => setSize(Math.min(longest, Math.max(1, Math.round(to))));
  return {
    sheet,
    canvas,
    longest,
    tool,
    setTool,
    size,
    resize,
    cursor,
    setCursor,
    sight,
    place,
    perform,
    dab,
  };
}
