import { useRef } from "preact/hooks";
import { type Effect, type Gesture, type GestureEvent, gestured } from "./gesture.ts";
import type { Point } from "./view.ts";

type Native = PointerEvent & { readonly currentTarget: EventTarget | null };

/** A place in the element that listens, in pixels of the page. */
export function placeIn(event: Readonly<{ clientX: number; clientY: number }>, element: Element): Point {
  const { left, top } = element.getBoundingClientRect();
  return { x: event.clientX - left - element.clientLeft, y: event.clientY - top - element.clientTop };
}

/**
 * Handlers of an element that turn fingers, pens and mice into what is to be done. The middle button always moves.
 *
 * @param pans whether the first pointer moves the picture and does not draw
 * @param perform what is done; `erases` is true for the other end of a pen
 */
export function usePointers(pans: boolean, perform: (effect: Effect, erases: boolean) => void) {
  const gesture = useRef<Gesture>({ kind: "none" });
  const eraser = useRef(false);
  const feed = (event: GestureEvent) => {
    const [next, effect] = gestured(gesture.current, event);
    gesture.current = next;
    if (effect.do !== "nothing") perform(effect, eraser.current);
  };
  const touchOf = (event: PointerEvent, element: Element) => ({
    id: event.pointerId,
    at: placeIn(event, element),
  });
  const listen = (type: "move" | "up" | "cancel") => (event: Native) => {
    if (event.currentTarget instanceof Element) feed({ type, touch: touchOf(event, event.currentTarget) });
  };
  return {
    onPointerDown: (event: Native) => {
      if (!(event.currentTarget instanceof HTMLElement) || ![0, 1, 5].includes(event.button)) return;
      event.preventDefault();
      event.currentTarget.focus({ preventScroll: true });
      event.currentTarget.setPointerCapture(event.pointerId);
      eraser.current = event.button === 5;
      const touch = touchOf(event, event.currentTarget);
      feed({ type: "down", touch, pans: pans || event.button === 1 });
    },
    onPointerMove: (event: Native) => {
      const { currentTarget } = event;
      if (!(currentTarget instanceof Element)) return;
      // A quick pen or mouse reports several places at once.
      const events = event.getCoalescedEvents();
      for (const one of events.length === 0 ? [event] : events)
        feed({ type: "move", touch: touchOf(one, currentTarget) });
    },
    onPointerUp: listen("up"),
    onPointerCancel: listen("cancel"),
  };
}
