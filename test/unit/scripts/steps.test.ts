import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { proofSteps, readReport } from "../../../scripts/steps.mjs";

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

test("each end-to-end test is run by one of the steps, once", () => {
  const named = proofSteps.flatMap(({ tests = [], beside }) => [...tests, ...(beside?.tests ?? [])]);
  const folder = join(import.meta.dir, "../../e2e");
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
  expect(named.filter((name) => name.startsWith("test/e2e")).toSorted()).toEqual(
    files.map((name) => `test/e2e/${name}`).toSorted(),
  );
});
