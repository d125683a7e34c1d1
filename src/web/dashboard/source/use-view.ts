import { useRef, useState } from "preact/hooks";
import {
  fitView,
  held,
  type Point,
  panned,
  pinched,
  type Region,
  type Size,
  type View,
  zoomAt,
} from "./view.ts";

/** The whole region until somebody zooms or moves; then what they made of it. */
export function useView(region: Region, box: Size) {
  const [chosen, choose] = useState<View>();
  const view = chosen ?? fitView(region, box);
  // Several pointers move between two drawings of the page: each goes on from what the one before it made.
  const latest = useRef(view);
  latest.current = view;
  const change = (next: View) => {
    latest.current = held(next, region, box);
    choose(latest.current);
  };
  const centre = { x: box.width / 2, y: box.height / 2 };
  return {
    view,
    now: () => latest.current,
    fit: () => choose(undefined),
    zoom: (factor: number, at: Point = centre) => change(zoomAt(latest.current, factor, at)),
    pan: (by: Point) => change(panned(latest.current, by)),
    pinch: (before: readonly [Point, Point], after: readonly [Point, Point]) =>
      change(pinched(latest.current, before, after)),
  };
}
