import { expect, test } from "bun:test";
import { generateFields } from "#/api/generate.ts";
import { issuesOf } from "#/web/dashboard/complaint.ts";
import { hasPlace } from "#/web/dashboard/has-place.ts";
import { problemsOf } from "#/web/dashboard/problems.ts";
import { settingLabels } from "#/web/dashboard/settings/setting-table.ts";

test("each complaint is said at its field, at the item of a list, or where the form is sent", () => {
  const { at, others } = problemsOf(
    [
      { field: "guidance_scale", message: "at most 30" },
      { field: "guidance_scale", message: "a number" },
      { field: "loras.1.model_name", message: "not there" },
      { field: "loras", message: "too many" },
      { field: "webhook_url", message: "no address" },
      { field: "", message: "no room" },
    ],
    hasPlace,
  );
  expect([...at]).toEqual([
    ["guidance_scale", "at most 30 a number"],
    ["loras.1", "not there"],
    ["loras", "too many"],
  ]);
  expect(others.map(({ message }) => message)).toEqual(["no address", "no room"]);
});

test("the live channel's refusals are read with all their fields", () => {
  const issues = [
    { field: "request.sharpness", message: "at most 30" },
    { field: "request", message: "an object" },
  ];
  expect(issuesOf({ type: "error", field: "request.sharpness", message: "at most 30", issues })).toEqual([
    { field: "sharpness", message: "at most 30" },
    { field: "", message: "an object" },
  ]);
  expect(issuesOf({ type: "error", field: "request.preset", message: "unknown" })).toEqual([
    { field: "preset", message: "unknown" },
  ]);
});

test("what the form shows are fields of a request", () => {
  const names: readonly string[] = generateFields;
  expect(Object.keys(settingLabels).filter((name) => !names.includes(name))).toEqual([]);
});
