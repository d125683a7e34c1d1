import { useState } from "preact/hooks";
import { Picture } from "./picture.tsx";
import type { Server } from "./server.ts";
import { outpaintRegion } from "./source/outpaint-region.ts";
import type { Extensions } from "./source/source-draft.ts";
import type { Size } from "./source/view.ts";

type CompareProps = Readonly<{
  before: string;
  after: string;
  alt: string;
  /** How the second picture is larger than the first. */
  extensions: Extensions;
  server: Server;
  /** Hears the second picture's own size. */
  measure: (size: Size) => void;
}>;

/**
 * Two pictures, one above the other, and a line that is moved between them: by mouse or finger anywhere on the picture, or
 * by the arrow keys. It is a range input that lies over all of it, so each of these is the browser's own.
 */
export function Compare({ before, after, alt, extensions, server, measure }: CompareProps) {
  const [at, setAt] = useState(50);
  const [sizes, setSizes] = useState<Readonly<{ before?: Size; after?: Size }>>({});
  const box = sizes.after;
  return (
    <div
      class="compare"
      style={
        box === undefined
          ? {}
          : { aspectRatio: `${box.width} / ${box.height}`, "--ratio": box.width / box.height }
      }
    >
      <Picture
        src={after}
        alt={alt}
        server={server}
        measure={(size) => {
          setSizes((known) => ({ ...known, after: size }));
          measure(size);
        }}
      />
      <div class="before" style={{ clipPath: `inset(0 ${100 - at}% 0 0)` }}>
        <div style={sizes.before === undefined ? {} : placed(sizes.before, extensions)}>
          <Picture
            src={before}
            alt="Before"
            server={server}
            measure={(size) => setSizes((known) => ({ ...known, before: size }))}
          />
        </div>
      </div>
      <input
        type="range"
        min={0}
        max={100}
        step={0.5}
        value={at}
        aria-label="Before and after"
        aria-valuetext={`${Math.round(at)} % before`}
        onInput={(event) => setAt(Number(event.currentTarget.value))}
        onKeyDown={(event) => event.stopPropagation()}
      />
      <span class="divider" style={{ left: `${at}%` }} />
      <span class="side-name left">Before</span>
      <span class="side-name right">After</span>
    </div>
  );
}

/** Where the first picture lies in the second, in per cent of it. */
function placed(size: Size, extensions: Extensions) {
  const { left, top, width, height } = outpaintRegion(size, extensions);
  const percent = (part: number, whole: number) => `${(100 * part) / whole}%`;
  return {
    left: percent(-left, width),
    top: percent(-top, height),
    width: percent(size.width, width),
    height: percent(size.height, height),
  };
}
