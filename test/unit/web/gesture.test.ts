import { expect, test } from "bun:test";
import { type Effect, type Gesture, type GestureEvent, gestured } from "#/web/dashboard/source/gesture.ts";

const touch = (id: number, x: number, y = 0) => ({ id, at: { x, y } });
const down = (id: number, x: number, pans = false): GestureEvent => ({
  type: "down",
  touch: touch(id, x),
  pans,
});
const move = (id: number, x: number): GestureEvent => ({ type: "move", touch: touch(id, x) });
const up = (id: number, x: number): GestureEvent => ({ type: "up", touch: touch(id, x) });

/** What is done of all events, and the state at the end. */
function play(...events: readonly GestureEvent[]): Readonly<{ done: readonly Effect["do"][]; end: Gesture }> {
  let end: Gesture = { kind: "none" };
  const done: Effect["do"][] = [];
  for (const event of events) {
    const [next, effect] = gestured(end, event);
    end = next;
    if (effect.do !== "nothing") done.push(effect.do);
  }
  return { done, end };
}

test("a pointer that moves draws, and what it drew is kept when it is lifted", () => {
  expect(play(down(1, 0), move(1, 10), move(1, 11), up(1, 11))).toEqual({
    done: ["draw", "draw", "end"],
    end: { kind: "none" },
  });
});

test("one that trembles, or does not move, makes a dot", () => {
  expect(play(down(1, 0), move(1, 2), up(1, 2)).done).toEqual(["dot"]);
});

test("a second finger that comes before the first one moved draws nothing", () => {
  const { done, end } = play(down(1, 0), down(2, 100), move(2, 150), up(2, 150), move(1, 40), up(1, 40));
  expect(done).toEqual(["pinch"]);
  expect(end).toEqual({ kind: "none" });
});

test("one that comes later makes the stroke be forgotten", () => {
  expect(play(down(1, 0), move(1, 20), down(2, 100), move(1, 30)).done).toEqual(["draw", "drop", "pinch"]);
});

test("a pinch says where both fingers were and are", () => {
  const pair: Gesture = { kind: "pinch", pair: [touch(1, 0), touch(2, 100)] };
  expect(gestured(pair, move(2, 150))).toEqual([
    { kind: "pinch", pair: [touch(1, 0), touch(2, 150)] },
    {
      do: "pinch",
      before: [
        { x: 0, y: 0 },
        { x: 100, y: 0 },
      ],
      after: [
        { x: 0, y: 0 },
        { x: 150, y: 0 },
      ],
    },
  ]);
});

test("a third finger ends a pinch, and nothing is drawn until all are lifted", () => {
  const { done, end } = play(
    down(1, 0),
    down(2, 9),
    down(3, 20),
    move(1, 90),
    up(1, 90),
    up(2, 9),
    move(3, 50),
  );
  expect(done).toEqual([]);
  expect(end).toEqual({ kind: "spent", ids: [3] });
  expect(gestured(end, up(3, 50))[0]).toEqual({ kind: "none" });
});

test("moving moves", () => {
  expect(play(down(1, 0, true), move(1, 1), move(1, 9), up(1, 9)).done).toEqual(["pan", "pan"]);
});

test("a stroke that the system takes away is forgotten", () => {
  expect(play(down(1, 0), move(1, 9), { type: "cancel", touch: touch(1, 9) })).toEqual({
    done: ["draw", "drop"],
    end: { kind: "none" },
  });
});

test("pointers that hover, and those that were not put down here, do nothing", () => {
  expect(play(move(1, 5), up(1, 5), down(1, 0), move(2, 50), up(2, 50)).done).toEqual([]);
});
