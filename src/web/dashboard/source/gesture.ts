import type { Point } from "./view.ts";

/** A finger, a pen or a mouse on the picture; places in the screen's pixels. */
export type Touch = Readonly<{ id: number; at: Point }>;

/**
 * What the pointers on the picture are about. A stroke is `begun` until it has moved: so a second finger, which is always a
 * little later, makes a pinch of it and nothing is drawn. After a pinch the finger that stays does nothing.
 */
export type Gesture = Readonly<
  | { kind: "none" }
  | { kind: "begun"; pointer: Touch }
  | { kind: "stroke"; pointer: Touch }
  | { kind: "pan"; pointer: Touch }
  | { kind: "pinch"; pair: readonly [Touch, Touch] }
  | { kind: "spent"; ids: readonly number[] }
>;

export type GestureEvent = Readonly<
  | { type: "down"; touch: Touch; pans: boolean }
  | { type: "move"; touch: Touch }
  | { type: "up"; touch: Touch }
  | { type: "cancel"; touch: Touch }
>;

/** What is to be done. `draw` goes on with the stroke, `end` keeps it, `drop` forgets it; a `dot` is a stroke of one place. */
export type Effect = Readonly<
  | { do: "nothing" }
  | { do: "dot"; at: Point }
  | { do: "draw"; from: Point; to: Point }
  | { do: "end" }
  | { do: "drop" }
  | { do: "pan"; by: Point }
  | { do: "pinch"; before: readonly [Point, Point]; after: readonly [Point, Point] }
>;

type Next = readonly [Gesture, Effect];

const nothing: Effect = { do: "nothing" };
const none: Gesture = { kind: "none" };

/** Pixels of the screen that a finger may tremble before it draws. */
const tremble = 3;

/** The next state of what pointers do, and what is to be done; pure. */
export function gestured(now: Gesture, event: GestureEvent): Next {
  switch (event.type) {
    case "down":
      return down(now, event.touch, event.pans);
    case "move":
      return moved(now, event.touch);
    case "up":
      return lifted(now, event.touch);
    case "cancel": {
      const [next, effect] = lifted(now, event.touch);
      return [next, effect.do === "nothing" ? nothing : { do: "drop" }];
    }
  }
}

function down(now: Gesture, touch: Touch, pans: boolean): Next {
  switch (now.kind) {
    case "none":
      return [{ kind: pans ? "pan" : "begun", pointer: touch }, nothing];
    case "begun":
    case "stroke":
    case "pan": {
      const effect: Effect = now.kind === "stroke" ? { do: "drop" } : nothing;
      return [{ kind: "pinch", pair: [now.pointer, touch] }, effect];
    }
    case "pinch":
      return [{ kind: "spent", ids: [...now.pair.map(({ id }) => id), touch.id] }, nothing];
    case "spent":
      return [{ kind: "spent", ids: [...now.ids, touch.id] }, nothing];
  }
}

function moved(now: Gesture, touch: Touch): Next {
  switch (now.kind) {
    case "none":
    case "spent":
      return [now, nothing];
    case "begun":
    case "stroke":
    case "pan":
      return now.pointer.id === touch.id ? movedOne(now, touch) : [now, nothing];
    case "pinch": {
      const after = now.pair.map((one) => (one.id === touch.id ? touch : one));
      const [a, b] = after;
      if (a === undefined || b === undefined) return [now, nothing];
      const places = (pair: readonly [Touch, Touch]) => [pair[0].at, pair[1].at] as const;
      return [
        { kind: "pinch", pair: [a, b] },
        { do: "pinch", before: places(now.pair), after: places([a, b]) },
      ];
    }
  }
}

function movedOne(now: Extract<Gesture, { pointer: Touch }>, touch: Touch): Next {
  const { at } = now.pointer;
  const by = { x: touch.at.x - at.x, y: touch.at.y - at.y };
  switch (now.kind) {
    case "pan":
      return [
        { kind: "pan", pointer: touch },
        { do: "pan", by },
      ];
    case "begun":
      if (Math.hypot(by.x, by.y) < tremble) return [now, nothing];
      return [
        { kind: "stroke", pointer: touch },
        { do: "draw", from: at, to: touch.at },
      ];
    case "stroke":
      return [
        { kind: "stroke", pointer: touch },
        { do: "draw", from: at, to: touch.at },
      ];
  }
}

function lifted(now: Gesture, touch: Touch): Next {
  switch (now.kind) {
    case "none":
      return [none, nothing];
    case "begun":
      return now.pointer.id === touch.id ? [none, { do: "dot", at: now.pointer.at }] : [now, nothing];
    case "stroke":
      return now.pointer.id === touch.id ? [none, { do: "end" }] : [now, nothing];
    case "pan":
      return now.pointer.id === touch.id ? [none, nothing] : [now, nothing];
    case "pinch": {
      const rest = now.pair.filter(({ id }) => id !== touch.id);
      return [{ kind: "spent", ids: rest.map(({ id }) => id) }, nothing];
    }
    case "spent": {
      const ids = now.ids.filter((id) => id !== touch.id);
      return [ids.length === 0 ? none : { kind: "spent", ids }, nothing];
    }
  }
}
