import { expect, test } from "bun:test";
import { newTaskId, taskIdOf } from "#/lib/task-id.ts";

test("an id is 32 lower-case hex digits, and what is made is one", () => {
  const made = newTaskId();
  expect([taskIdOf(made), newTaskId() === made]).toEqual([made, false]);
  const digits = "0123456789abcdef".repeat(2);
  expect(taskIdOf(digits)).toBe(digits as ReturnType<typeof newTaskId>);
  for (const odd of [
    "",
    digits.slice(1),
    `${digits}0`,
    digits.toUpperCase(),
    `${digits}\n`,
    "g".repeat(32),
    ` ${digits}`,
  ])
    expect(taskIdOf(odd)).toBeUndefined();
});
