import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { layoutOf, type Rows, rowsInSight } from "./layout.ts";

/** The place of a long list: how its tiles lie, and which rows of them are drawn, as the page is scrolled. */
export function useWindow(tiles: number) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [rows, setRows] = useState<Rows>({ first: 0, count: 0 });
  const layout = useMemo(() => layoutOf(width), [width]);
  const { columns } = layout;

  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const { step } = layout;
  useEffect(() => {
    const look = () => {
      const top = place.current?.getBoundingClientRect().top ?? 0;
      const seen = rowsInSight({ columns, step }, tiles, -top, window.innerHeight);
      setRows((before) => (before.first === seen.first && before.count === seen.count ? before : seen));
    };
    look();
    const options = { passive: true } as const;
    window.addEventListener("scroll", look, options);
    window.addEventListener("resize", look, options);
    return () => {
      window.removeEventListener("scroll", look);
      window.removeEventListener("resize", look);
    };
  }, [tiles, columns, step]);

  return { place, layout, rows };
}
