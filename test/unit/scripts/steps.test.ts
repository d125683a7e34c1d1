import { expect, test } from "bun:test";
import { readReport } from "../../../scripts/steps.mjs";

test("a report's totals are read from its root element alone", () => {
  const xml = `<?xml version="1.0"?>
<testsuites name="bun test" tests="9" assertions="20" failures="2" skipped="3" time="0.1">
  <testsuite name="a" tests="4" failures="1" skipped="1"></testsuite>
</testsuites>`;
  expect(readReport(xml)).toEqual({ passed: 4, failed: 2, skipped: 3 });
});

test("what is not a report counts as none", () => {
  expect(readReport("")).toBeUndefined();
});
