import { useEffect, useRef } from "preact/hooks";
import { Picture } from "../picture.tsx";
import type { Server } from "../server.ts";
import { useZoom } from "./use-zoom.ts";
import { ZoomTools } from "./zoom-tools.tsx";

type FullViewProps = Readonly<{
  url: string;
  alt: string;
  server: Server;
  move: (by: -1 | 1) => void;
  close: () => void;
}>;

/** A picture as large as the window; larger by wheel, two fingers, a double click and keys. */
export function FullView({ url, alt, server, move, close }: FullViewProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const zoom = useZoom();
  const keys = (event: KeyboardEvent) => {
    // Below it is the picture's own dialog, which hears keys as well.
    event.stopPropagation();
    if (event.key === "ArrowLeft") move(-1);
    if (event.key === "ArrowRight") move(1);
    zoom.keys(event);
  };
  return (
    <dialog
      ref={dialog}
      class="full"
      aria-label={`Full view: ${alt}`}
      onClose={(event) => {
        event.stopPropagation();
        close();
      }}
      onKeyDown={keys}
    >
      <div class="panes">
        <figure class="pane" ref={zoom.place} {...zoom.handlers}>
          <div style={zoom.style}>
            <Picture key={url} src={url} alt={alt} server={server} measure={zoom.measure} />
          </div>
        </figure>
      </div>
      <ZoomTools zoom={zoom} close={() => dialog.current?.close()} />
    </dialog>
  );
}
