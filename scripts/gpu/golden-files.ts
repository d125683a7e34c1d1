import { readdirSync, readFileSync } from "node:fs";
import { goldenPath } from "../../test/support/golden.ts";

/**
 * The golden tests that can run on a device: those that hold answers by `expectNear` or `expectLevels`.
 *
 * @param kind `networks` are those that ask networks alone, in whichever type of numbers
 */
export const goldenFiles = (kind: "all" | "networks"): readonly string[] =>
  readdirSync(goldenPath("."))
    .filter((name) => name.endsWith(".test.ts"))
    .filter((name) => {
      const text = readFileSync(goldenPath(name), "utf8");
      return text.includes("support/expect-near.ts") && (kind === "all" || text.includes("openWorkshop("));
    })
    .toSorted();
