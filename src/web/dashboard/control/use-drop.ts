import { useState } from "preact/hooks";
import { droppedPicture } from "../source/use-intake.ts";

/** Listeners for what is dropped on a part of the page, and whether something is held over it. */
export function useDrop(take: (file: File) => void, takeOwn: (address: string) => void) {
  const [held, setHeld] = useState(false);
  const onDragOver = () => setHeld(true);
  const onDragLeave = () => setHeld(false);
  const onDrop = (event: DragEvent) => {
    setHeld(false);
    const dropped = droppedPicture(event.dataTransfer);
    if (dropped === undefined) return;
    event.preventDefault();
    if ("file" in dropped) take(dropped.file);
    else takeOwn(dropped.address);
  };
  return { held, listeners: { onDragOver, onDragLeave, onDrop } };
}
