import { expect, test } from "bun:test";
import type { FoundTask } from "#/web/dashboard/gallery/found.ts";
import { changed, emptyList, type FoundList } from "#/web/dashboard/gallery/found-list.ts";
import { layoutOf, rowsInSight, sizesOf } from "#/web/dashboard/gallery/layout.ts";
import { tilesOfTasks } from "#/web/dashboard/gallery/tiles.ts";

const task = (row: number, more: Partial<FoundTask> = {}): FoundTask => ({
  row,
  id: `t${row}`,
  prompt: "",
  starred: false,
  failure: "",
  pictures: [{ url: "a", small: "b", address: "c" }],
  ...more,
});
const rowsOf = ({ tasks }: FoundList): readonly number[] => tasks.map(({ row }) => row);

test("pages follow each other without a gap or anything twice, whatever comes and goes between them", () => {
  const first = changed(emptyList, { kind: "fresh", page: { tasks: [task(9), task(8)], next: 8 } });
  const newer = changed(first, { kind: "put", tasks: [task(10)] });
  expect(rowsOf(newer)).toEqual([10, 9, 8]);
  const without = changed(newer, { kind: "drop", ids: ["t9"] });
  const all = changed(without, { kind: "more", page: { tasks: [task(7), task(3)], next: null } });
  expect([rowsOf(all), all.next]).toEqual([[10, 8, 7, 3], null]);
});

test("what lies below what is loaded waits for its page; one that was moved in the queue comes to its place", () => {
  const list = changed(emptyList, { kind: "fresh", page: { tasks: [task(9), task(6)], next: 6 } });
  expect(rowsOf(changed(list, { kind: "put", tasks: [task(2), task(7)] }))).toEqual([9, 7, 6]);
  expect(rowsOf(changed(emptyList, { kind: "put", tasks: [task(2)] }))).toEqual([]);
  const again = changed(list, { kind: "put", tasks: [task(6, { prompt: "new" })] });
  expect(again.tasks.map(({ prompt }) => prompt)).toEqual(["", "new"]);
  const starred = changed(list, { kind: "star", ids: ["t6"], starred: true });
  expect(starred.tasks.map((one) => one.starred)).toEqual([false, true]);
});

test("the rows in sight are few, however many there are, and never none", () => {
  const layout = layoutOf(795);
  expect(layout.columns).toBe(5);
  const rows = rowsInSight(layout, 5000, 100_000, 900);
  expect(rows.count * layout.columns).toBeLessThan(75);
  expect(rows.first * layout.step).toBeLessThan(100_000);
  expect((rows.first + rows.count) * layout.step).toBeGreaterThan(100_900);
  expect(rowsInSight(layout, 5000, -4000, 900)).toEqual({ first: 0, count: 1 });
  expect(rowsInSight(layout, 0, 0, 900).count).toBe(0);
  // Beyond the end, where many were deleted below the window.
  expect(rowsInSight(layout, 7, 9000, 900)).toEqual({ first: 1, count: 1 });
  expect(Number.parseFloat(sizesOf(layout, 11).height)).toBeCloseTo(3 * layout.step - 10);
  expect(layoutOf(322).columns).toBe(3);
});

test("a task with several pictures is as many tiles, one that failed is one, a hidden one is none", () => {
  const { pictures } = task(1);
  const tiles = tilesOfTasks(
    [task(3, { pictures: [...pictures, ...pictures] }), task(2, { pictures: [], failure: "No." }), task(1)],
    new Set(["t1"]),
  );
  expect(tiles.map(({ key }) => key)).toEqual(["t3/0", "t3/1", "t2/0"]);
});
