type ItemProps = Readonly<{
  id: string;
  at: number;
  prompt: string;
  isDragged: boolean;
  cancel: () => void;
  /** Moves it by so many places. */
  by: (step: number) => void;
  /** It is held at a height of the screen. */
  drag: (y: number) => void;
  /** @param keep whether it stays where it was dropped */
  drop: (keep: boolean) => void;
}>;

type Held = PointerEvent & { readonly currentTarget: HTMLElement };

/** A waiting task: its handle is dragged, by mouse, pen or finger, or moved by the arrow keys. */
export function QueueItem({ at, prompt, isDragged, cancel, by, drag, drop }: ItemProps) {
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    by(step);
  };
  const hold = (event: Held) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    drag(event.clientY);
  };
  return (
    <li class={isDragged ? "dragged" : ""}>
      <button
        type="button"
        class="handle"
        aria-label={`Move ${prompt}`}
        title="Drag, or press the arrow keys"
        onKeyDown={keys}
        onPointerDown={hold}
        onPointerMove={(event: Held) => isDragged && drag(event.clientY)}
        onPointerUp={() => drop(true)}
        onPointerCancel={() => drop(false)}
      >
        ⠿
      </button>
      <span class="number">{at + 1}</span>
      <span class="what">{prompt}</span>
      <button type="button" class="small" aria-label={`Cancel ${prompt}`} onClick={cancel}>
        Cancel
      </button>
    </li>
  );
}
