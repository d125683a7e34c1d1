import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Size } from "./view.ts";

/** An element's inner size in pixels of the page, as it changes. */
export function useBox(element: RefObject<HTMLElement | null>): Size {
  const [box, setBox] = useState<Size>({ width: 1, height: 1 });
  useEffect(() => {
    const { current } = element;
    if (current === null) return;
    const measure = () => setBox({ width: current.clientWidth || 1, height: current.clientHeight || 1 });
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    measure();
    return () => observer.disconnect();
  }, [element]);
  return box;
}
