import { expect, test } from "bun:test";
import { readCsv } from "#/lib/read-csv.ts";

test("fields may be quoted, with commas, line ends and quotation marks in them", () => {
  expect(readCsv('\ufeffa,b\r\n1,"x, y"\n2,"say ""no"""\n3,"two\nlines"\n\n4,\n')).toEqual([
    ["a", "b"],
    ["1", "x, y"],
    ["2", 'say "no"'],
    ["3", "two\nlines"],
    ["4", ""],
  ]);
});

test("quotation marks that do not end, or end too early, are letters", () => {
  expect(readCsv('1,"open\n2,"a"b\n')).toEqual([
    ["1", '"open'],
    ["2", '"a"b'],
  ]);
  expect(readCsv("")).toEqual([]);
});
