import { expect, test } from "bun:test";
import { slopes, tilesOf } from "#/runtime/upscaler/tiles.ts";

test("a tile begins every 480 pixels as long as there are any, and the border cuts it off", () => {
  const ends = (length: number) => tilesOf(length).map(({ start, end, shared }) => [start, end, shared]);
  expect(ends(1)).toEqual([[0, 1, 0]]);
  expect(ends(480)).toEqual([[0, 480, 0]]);
  expect(ends(481)).toEqual([
    [0, 481, 1],
    [480, 481, 0],
  ]);
  expect(ends(512)).toEqual([
    [0, 512, 32],
    [480, 512, 0],
  ]);
  expect(ends(961)).toEqual([
    [0, 512, 32],
    [480, 961, 1],
    [960, 961, 0],
  ]);
});

test("slopes rise from both ends over what tiles share, enlarged, and are cut off in a narrow tile", () => {
  const wide = slopes(512, 4);
  expect([...wide.slice(0, 3), wide[127], wide[128], wide[511]]).toEqual([
    1 / 128,
    2 / 128,
    3 / 128,
    1,
    1,
    1 / 128,
  ]);
  expect([...slopes(1, 1)]).toEqual([1 / 32 ** 2]);
  expect([...slopes(3, 1)]).toEqual([3 / 32 ** 2, 4 / 32 ** 2, 3 / 32 ** 2]);
});
