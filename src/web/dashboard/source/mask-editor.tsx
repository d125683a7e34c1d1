import { redo, undo } from "./mask-history.ts";
import { MaskTools } from "./mask-tools.tsx";
import { paintByKey, paintHelp } from "./paint-by-key.ts";
import type { StartingPicture } from "./starting-picture.ts";
import { type Painted, type Painting, usePainting } from "./use-painting.ts";
import { placeIn, usePointers } from "./use-pointers.ts";
import { type Size, toScreen } from "./view.ts";

type MaskEditorProps = Painted & Readonly<{ picture: StartingPicture; complain: (problem: unknown) => void }>;

/** The picture, with a brush that paints over what is to be made anew, and a frame where it is extended. */
export function MaskEditor(props: MaskEditorProps) {
  const { picture, region, mask, change, complain } = props;
  const { width, height, shown } = picture;
  const painting = usePainting(props);
  const { view } = painting.sight;
  const takeBack = (event: KeyboardEvent) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || (key !== "z" && key !== "y")) return;
    event.preventDefault();
    change(key === "y" || event.shiftKey ? redo(mask) : undo(mask));
  };
  const frame = {
    left: `${region.left}px`,
    top: `${region.top}px`,
    width: `${region.width}px`,
    height: `${region.height}px`,
    outlineWidth: `${2 / view.scale}px`,
  };
  const extended = region.width > width || region.height > height;
  return (
    <div class="editor" onKeyDown={takeBack}>
      <Sheet painting={painting} picture={picture} region={region}>
        <div class="paper" style={{ transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})` }}>
          {extended ? <div class="frame" style={frame} /> : null}
          <img
            src={shown}
            alt=""
            draggable={false}
            width={width}
            height={height}
            // Who looks at single pixels wants to see them.
            style={{ imageRendering: view.scale > 4 ? "pixelated" : "auto" }}
          />
          <canvas ref={painting.canvas} width={width} height={height} />
        </div>
      </Sheet>
      <p class="hint" id="paint-help">
        {paintHelp}
      </p>
      <MaskTools {...{ painting, picture, mask, change, complain }} />
    </div>
  );
}

type SheetProps = Readonly<{
  painting: Painting;
  picture: Size;
  region: Size;
  children: preact.ComponentChildren;
}>;

/** What listens to pointers, the wheel and keys, and shows where the brush is. */
function Sheet({ painting, picture, region, children }: SheetProps) {
  const { tool, size, cursor, setCursor, sight, place } = painting;
  const pointers = usePointers(tool === "move", painting.perform);
  const hover = (event: PointerEvent & { readonly currentTarget: HTMLElement }) => {
    pointers.onPointerMove(event);
    if (event.pointerType !== "touch") setCursor(place(placeIn(event, event.currentTarget)));
  };
  const zoom = (event: WheelEvent & { readonly currentTarget: HTMLElement }) => {
    event.preventDefault();
    // A wheel that counts lines or pages says so.
    const pixels = event.deltaY * ([1, 16, 400][event.deltaMode] ?? 1);
    sight.zoom(Math.exp(-pixels / 400), placeIn(event, event.currentTarget));
  };
  const keys = (event: KeyboardEvent) => {
    if (paintByKey(event, painting, picture)) event.preventDefault();
  };
  const at = cursor === undefined || tool === "move" ? undefined : toScreen(sight.view, cursor);
  const across = tool === "area" ? 6 : size * sight.view.scale;
  return (
    <div
      class={`sheet ${tool}`}
      style={{ aspectRatio: `${region.width} / ${region.height}` }}
      ref={painting.sheet}
      tabIndex={0}
      role="application"
      aria-label="Mask"
      aria-describedby="paint-help"
      {...pointers}
      onPointerMove={hover}
      onPointerLeave={() => setCursor(undefined)}
      onWheel={zoom}
      onKeyDown={keys}
    >
      {children}
      {at === undefined ? null : (
        <span class="brush" style={{ left: `${at.x}px`, top: `${at.y}px`, width: `${across}px` }} />
      )}
    </div>
  );
}
