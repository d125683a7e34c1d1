import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addCuda } from "#/cli/cuda/add.ts";
import { madeWheels } from "../../../support/made-wheels.ts";

const scratch = mkdtempSync(join(tmpdir(), "fooocusd-add-cuda-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test.if(process.platform === "linux")(
  "a file of a folder that cannot be read keeps none of the others from being added",
  async () => {
    const { folder: from, set } = madeWheels(join(scratch, "wheels"));
    const [wheel] = set.wheels;
    const project = wheel?.project.replaceAll("-", "_") ?? "";
    symlinkSync(join(scratch, "nowhere"), join(from, `${project}-0.0-gone.whl`));
    const folder = join(scratch, "libraries");
    const end = await addCuda(
      { folder, isOwn: false, set },
      { paths: [from], fetch: false, index: "http://127.0.0.1:1/simple" },
    );
    expect(end).toBe(0);
    expect(readdirSync(folder)).toContain("libmade0.so.13");
  },
);
