import type { Zoom } from "./use-zoom.ts";

/** The buttons of a full view. */
export function ZoomTools({ zoom, close }: Readonly<{ zoom: Zoom; close: () => void }>) {
  return (
    <div class="row zoom-tools" role="group" aria-label="Zoom">
      <button type="button" aria-label="Smaller" onClick={zoom.smaller}>
        −
      </button>
      <output aria-label="Zoom">{zoom.percent} %</output>
      <button type="button" aria-label="Larger" onClick={zoom.larger}>
        +
      </button>
      <button type="button" onClick={zoom.fit}>
        Fit
      </button>
      <button type="button" onClick={zoom.whole}>
        1:1
      </button>
      <button type="button" onClick={close}>
        Close
      </button>
    </div>
  );
}
