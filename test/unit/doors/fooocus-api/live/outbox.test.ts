import { expect, test } from "bun:test";
import { Outbox } from "#/doors/fooocus-api/live/outbox.ts";
import type { TaskId } from "#/lib/task-id.ts";

/** A reader that takes bytes when it is told to. */
function reader() {
  const got: (string | Uint8Array)[] = [];
  let buffered = 0;
  const wire = {
    send: (data: string | Uint8Array) => {
      got.push(data);
      buffered += data.length;
    },
    buffered: () => buffered,
  };
  const take = (bytes: number): void => {
    buffered -= Math.min(bytes, buffered);
  };
  return { got, take, outbox: new Outbox(wire, 10) };
}

const [one, two] = ["1", "2"] as readonly string[] as readonly [TaskId, TaskId];

test("with room everything goes out at once", () => {
  const { got, outbox } = reader();
  outbox.push("a");
  expect(outbox.pushPreview(Uint8Array.of(1))).toBe(true);
  outbox.push("b", one);
  expect([got.length, outbox.unsent, outbox.crowded]).toEqual([3, 3, false]);
});

test("crowded: progress is the newest of its task, previews are dropped, the rest keeps its order", () => {
  const { got, take, outbox } = reader();
  outbox.push("twelve bytes");
  for (const text of ["1a", "1b"]) outbox.push(text, one);
  outbox.push("2a", two);
  outbox.push("image");
  outbox.push("1c", one);
  expect(outbox.pushPreview(Uint8Array.of(1))).toBe(false);
  expect([got.length, outbox.unsent]).toEqual([1, 12 + "2aimage1c".length]);
  take(1);
  outbox.flush();
  expect(got).toHaveLength(1);
  take(12);
  outbox.flush();
  expect(got.slice(1)).toEqual(["2a", "image", "1c"]);
  // What waited is gone out: new progress stands for itself again.
  outbox.push("1d", one);
  take(100);
  outbox.flush();
  expect(got.at(-1)).toBe("1d");
});

test("what was taken is noticed, also while more is sent", () => {
  const { take, outbox } = reader();
  outbox.push("abcdefgh");
  expect([outbox.moved(), outbox.moved()]).toEqual([false, false]);
  take(3);
  outbox.push("12345");
  expect([outbox.moved(), outbox.moved()]).toEqual([true, false]);
  take(100);
  expect([outbox.moved(), outbox.moved()]).toEqual([true, true]);
});

test("cleared, it forgets what waits", () => {
  const { got, take, outbox } = reader();
  outbox.push("twelve bytes");
  outbox.push("more", one);
  outbox.clear();
  take(100);
  outbox.flush();
  expect([got.length, outbox.unsent]).toEqual([1, 0]);
});
