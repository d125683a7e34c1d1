import { useRef, useState } from "preact/hooks";
import { useBox } from "../source/use-box.ts";
import { placeIn, usePointers } from "../source/use-pointers.ts";
import { useView } from "../source/use-view.ts";
import type { Size } from "../source/view.ts";

/** By how much a key or a button makes it larger. */
const factor = 1.5;

/** Pictures that are moved and made larger in their place, by wheel, fingers, mouse and keys; several go together. */
export function useZoom() {
  const place = useRef<HTMLElement>(null);
  const [size, setSize] = useState<Size>({ width: 1, height: 1 });
  const sight = useView({ left: 0, top: 0, ...size }, useBox(place));
  const { scale, x, y } = sight.view;
  /** One pixel of the picture is one of the screen. */
  const whole = () => sight.zoom(1 / (sight.now().scale * window.devicePixelRatio));
  const pointers = usePointers(true, (effect) => {
    if (effect.do === "pan") sight.pan(effect.by);
    if (effect.do === "pinch") sight.pinch(effect.before, effect.after);
  });
  const keys = (event: KeyboardEvent) => {
    const deeds: Readonly<Record<string, () => void>> = {
      "+": () => sight.zoom(factor),
      "=": () => sight.zoom(factor),
      "-": () => sight.zoom(1 / factor),
      "0": sight.fit,
      "1": whole,
    };
    const deed = event.ctrlKey || event.metaKey ? undefined : deeds[event.key];
    if (deed === undefined) return;
    event.preventDefault();
    deed();
  };
  return {
    place,
    keys,
    whole,
    fit: sight.fit,
    larger: () => sight.zoom(factor),
    smaller: () => sight.zoom(1 / factor),
    percent: Math.round(scale * window.devicePixelRatio * 100),
    measure: setSize,
    style: {
      width: `${size.width}px`,
      height: `${size.height}px`,
      transform: `translate(${x}px, ${y}px) scale(${scale})`,
      imageRendering: scale > 4 ? "pixelated" : "auto",
    } as const,
    handlers: {
      ...pointers,
      onDblClick: () => (Math.abs(scale * window.devicePixelRatio - 1) < 0.01 ? sight.fit() : whole()),
      onWheel: (event: WheelEvent & { readonly currentTarget: HTMLElement }) => {
        event.preventDefault();
        const pixels = event.deltaY * ([1, 16, 400][event.deltaMode] ?? 1);
        sight.zoom(Math.exp(-pixels / 400), placeIn(event, event.currentTarget));
      },
    },
  };
}

/** What a place of such pictures is told by. */
export type Zoom = ReturnType<typeof useZoom>;
