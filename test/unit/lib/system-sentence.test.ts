import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { systemSentence } from "#/lib/system-sentence.ts";

const thrownBy = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (thrown) {
    return thrown;
  }
};

test("what the file system refuses is one sentence with the path; nothing else is", () => {
  const refused = thrownBy(() => readdirSync("/proc/1/no-such-folder"));
  expect(systemSentence(refused)).toMatch(/^\/proc\/1\/no-such-folder cannot be used here: ENOENT: .*\.$/);
  const closed = Object.assign(new Error("EACCES: permission denied, scandir '/a'"), {
    code: "EACCES",
    syscall: "scandir",
    path: "/a",
  });
  expect(systemSentence(closed)).toBe(
    "/a cannot be used here: EACCES: permission denied, scandir '/a'. Give this user the right to it, or run the command as the one it belongs to.",
  );
  for (const other of [new Error("a bug"), new TypeError("x"), "text", undefined])
    expect(systemSentence(other)).toBeUndefined();
});
