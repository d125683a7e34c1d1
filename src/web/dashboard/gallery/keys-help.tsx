import { useEffect, useRef, useState } from "preact/hooks";
import { usePageKey } from "../use-page-key.ts";

const keys: readonly (readonly [string, string])[] = [
  ["Arrows, Home, End", "from picture to picture"],
  ["Enter", "open, with how it was made"],
  ["x", "choose; with Shift all in between"],
  ["s", "star the chosen ones, or this one"],
  ["d", "download the chosen ones, or this one"],
  ["Delete", "delete the chosen ones, or this one"],
  ["Escape", "choose none; close"],
  ["/", "search"],
  ["p", "the prompt of a new picture"],
  ["z", "in an open picture: full view; + - 0 1 zoom"],
  ["?", "this list"],
];

/** The keys of the gallery, in a dialog that the key ? opens as well. */
export function KeysHelp() {
  const [open, setOpen] = useState(false);
  usePageKey("?", !open, () => setOpen(true));
  return (
    <>
      <button type="button" class="small" onClick={() => setOpen(true)}>
        Keys
      </button>
      {open ? <Keys close={() => setOpen(false)} /> : null}
    </>
  );
}

function Keys({ close }: Readonly<{ close: () => void }>) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="keys" aria-label="Keys of the gallery" onClose={close}>
      <dl>
        {keys.flatMap(([key, what]) => [
          <dt key={key}>
            <kbd>{key}</kbd>
          </dt>,
          <dd key={`${key} does`}>{what}</dd>,
        ])}
      </dl>
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
