import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  fitView,
  held,
  pinched,
  toPicture,
  toScreen,
  type View,
  zoomAt,
} from "#/web/dashboard/source/view.ts";

const place = fc.record({
  x: fc.double({ min: -500, max: 500, noNaN: true }),
  y: fc.double({ min: -500, max: 500, noNaN: true }),
});
const views: fc.Arbitrary<View> = fc.record({
  scale: fc.double({ min: 0.05, max: 20, noNaN: true }),
  x: fc.double({ min: -500, max: 500, noNaN: true }),
  y: fc.double({ min: -500, max: 500, noNaN: true }),
});
const close = (a: Readonly<{ x: number; y: number }>, b: Readonly<{ x: number; y: number }>) => {
  expect(Math.abs(a.x - b.x)).toBeLessThan(1e-6);
  expect(Math.abs(a.y - b.y)).toBeLessThan(1e-6);
};

test("a picture that is wider than its box fills the width and lies in the middle of the height", () => {
  const view = fitView({ left: 0, top: 0, width: 400, height: 100 }, { width: 200, height: 200 });
  expect(view).toEqual({ scale: 0.5, x: 0, y: 75 });
  expect(toPicture(view, { x: 100, y: 100 })).toEqual({ x: 200, y: 50 });
});

test("a region that begins left of the picture is seen whole", () => {
  const view = fitView({ left: -100, top: 0, width: 200, height: 100 }, { width: 100, height: 100 });
  expect(toScreen(view, { x: -100, y: 0 })).toEqual({ x: 0, y: 25 });
  expect(toScreen(view, { x: 100, y: 100 })).toEqual({ x: 100, y: 75 });
});

test("what lies below the pointer stays there while zooming", () => {
  fc.assert(
    fc.property(views, fc.double({ min: 0.1, max: 10, noNaN: true }), place, (view, factor, at) => {
      close(toScreen(zoomAt(view, factor, at), toPicture(view, at)), at);
    }),
  );
});

test("a pixel is never smaller than a fiftieth of the screen's, nor larger than forty", () => {
  const view = { scale: 1, x: 0, y: 0 };
  expect(zoomAt(view, 1e9, { x: 3, y: 4 }).scale).toBe(40);
  expect(zoomAt(view, 1e-9, { x: 3, y: 4 }).scale).toBe(0.02);
});

test("two fingers carry what lies below them", () => {
  const view = { scale: 2, x: 10, y: -20 };
  const before = [
    { x: 100, y: 100 },
    { x: 200, y: 100 },
  ] as const;
  const after = [
    { x: 80, y: 150 },
    { x: 280, y: 150 },
  ] as const;
  const seen = pinched(view, before, after);
  expect(seen.scale).toBe(4);
  for (const i of [0, 1] as const) close(toScreen(seen, toPicture(view, before[i])), after[i]);
});

test("fingers that meet in one place do not break the view", () => {
  const one = { x: 5, y: 5 };
  expect(pinched({ scale: 2, x: 0, y: 0 }, [one, one], [one, { x: 9, y: 5 }]).scale).toBe(2);
});

test("a view cannot lose the picture: some of it stays below the middle", () => {
  const region = { left: -10, top: 0, width: 110, height: 80 };
  const box = { width: 300, height: 200 };
  fc.assert(
    fc.property(views, (view) => {
      const middle = toPicture(held({ ...view, x: view.x * 100, y: view.y * 100 }, region, box), {
        x: 150,
        y: 100,
      });
      expect(middle.x).toBeGreaterThanOrEqual(-10 - 1e-6);
      expect(middle.x).toBeLessThanOrEqual(100 + 1e-6);
      expect(middle.y).toBeGreaterThanOrEqual(-1e-6);
      expect(middle.y).toBeLessThanOrEqual(80 + 1e-6);
    }),
  );
});
