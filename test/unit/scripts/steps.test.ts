import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { failuresIn, readReport } from "../../../scripts/junit.mjs";
import { proofSteps, twice } from "../../../scripts/steps.mjs";

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

test("the tests that failed are told with their files and what they said", () => {
  const xml = `<testsuites name="bun test" tests="3" failures="2" skipped="0">
    <testcase name="x" classname="one &amp; &quot;two&quot;" file="a.test.ts" line="2">
      <failure type="AssertionError" message="Expected: 2&#10;Received: 1&#10;">...</failure>
    </testcase>
    <testcase name="y" classname="one" file="a.test.ts" assertions="1" />
    <testcase name="(unnamed)" file="b.test.ts" assertions="0">
      <failure type="Error" message="no">Error</failure>
    </testcase>
  </testsuites>`;
  expect(failuresIn(xml)).toEqual([
    { file: "a.test.ts", name: 'one & "two" > x', message: "Expected: 2\nReceived: 1" },
    { file: "b.test.ts", name: "(unnamed)", message: "no" },
  ]);
});

test("what failed once and passed then counts as passed and is named, what failed twice as failed", () => {
  const [one, two] = ["one", "two"].map((name) => ({ file: "a.test.ts", name, message: "no" }));
  const first = { passed: 8, failed: 2, skipped: 1, failures: [one, two] };
  expect(twice(first, { passed: 3, failed: 1, skipped: 0, failures: [two] })).toEqual({
    passed: 9,
    failed: 1,
    skipped: 1,
    failures: [two],
    unsteady: [one],
  });
});

test("each end-to-end test is run by one of the steps, once", () => {
  const named = proofSteps.flatMap(({ tests = [], beside }) => [...tests, ...(beside?.tests ?? [])]);
  const folder = join(import.meta.dir, "../../e2e");
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
  expect(named.filter((name) => name.startsWith("test/e2e")).toSorted()).toEqual(
    files.map((name) => `test/e2e/${name}`).toSorted(),
  );
});
