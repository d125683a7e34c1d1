import { useLayoutEffect } from "preact/hooks";

/** Whether somebody types, or a dialog has the keys. */
function isElsewhere({ target }: KeyboardEvent): boolean {
  const types =
    target instanceof HTMLElement && target.closest("input:not([type=checkbox]), textarea, select");
  return Boolean(types) || document.querySelector("dialog[open]") !== null;
}

/** A key of the whole page, while nothing is typed, no dialog is open, and no part of the page has heard it before. */
export function usePageKey(key: string, isOn: boolean, act: () => void): void {
  // Before it is painted: who sees what is chosen may press a key at once.
  useLayoutEffect(() => {
    if (!isOn) return;
    const listen = (event: KeyboardEvent) => {
      if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.defaultPrevented || isElsewhere(event)) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [key, isOn, act]);
}

/** A key that leads to the element with an id. */
export function useFocusKey(key: string, id: string): void {
  usePageKey(key, true, () => document.getElementById(id)?.focus());
}
