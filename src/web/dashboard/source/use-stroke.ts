import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { drawMask, drawStep } from "./draw-mask.ts";
import { type MaskHistory, type MaskStep, withStep } from "./mask-history.ts";
import type { Point } from "./view.ts";

/** What a pointer does on the picture. */
export type Tool = "paint" | "erase" | "area" | "move";

/** How a stroke is drawn: its width in the picture's pixels. */
export type Brush = Readonly<{ tool: Exclude<Tool, "move">; width: number }>;

/**
 * The mask's canvas: shows the history, and the stroke at hand on top of it. A stroke becomes part of the history when it
 * ends.
 */
export function useStroke(
  canvas: RefObject<HTMLCanvasElement | null>,
  mask: MaskHistory,
  change: (mask: MaskHistory) => void,
) {
  const stroke = useRef<{ brush: Brush; points: Point[] } | undefined>(undefined);
  const redraw = () => {
    const context = canvas.current?.getContext("2d");
    if (context) drawMask(context, mask);
  };
  useEffect(redraw, [canvas, mask]);

  const draw = (brush: Brush, from: Point, to: Point) => {
    const { current } = stroke;
    const points = current?.points ?? [from];
    points.push(to);
    stroke.current = { brush: current?.brush ?? brush, points };
    const context = canvas.current?.getContext("2d");
    if (context) drawStep(context, seen(stroke.current.brush, from, to));
  };
  const end = () => {
    const { current } = stroke;
    stroke.current = undefined;
    if (current !== undefined) change(withStep(mask, kept(current.brush, current.points)));
  };
  const drop = () => {
    stroke.current = undefined;
    redraw();
  };
  const dot = (brush: Brush, at: Point) => change(withStep(mask, kept(brush, [at])));
  return { draw, end, drop, dot };
}

/** A part of a stroke while it is drawn; of an area the outline. */
const seen = ({ tool, width }: Brush, from: Point, to: Point): MaskStep => ({
  kind: "stroke",
  erase: tool === "erase",
  width,
  points: [from, to],
});

function kept({ tool, width }: Brush, points: readonly Point[]): MaskStep {
  return tool === "area"
    ? { kind: "area", points }
    : { kind: "stroke", erase: tool === "erase", width, points };
}
