import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { looksAt } from "#/cli/doctor/looks.ts";
import { refuseUnusableGpu } from "#/cli/refuse-unusable-gpu.ts";
import { canStandIn, standInDriver, withoutCompiler } from "../../support/stand-in-driver.ts";

setDefaultTimeout(120_000);

const scratch = mkdtempSync(join(tmpdir(), "fooocusd-refuse-"));
const driver = canStandIn ? standInDriver() : undefined;
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
  driver?.remove();
});

/** Two cards, of which the first is too small. */
const environment = {
  ...process.env,
  ...driver?.environment,
  DRIVER_CARDS: "2",
  DRIVER_TOTAL_0: "1000000000",
};
const small = "The card Stand-in 0 has too little memory: 1 GB, and networks need 3.5 GB at least";
const notThere = `CUDA's libraries are not in ${scratch}`;

async function refusal(...engines: readonly string[]): Promise<string> {
  const settings = { providers: [], engines: [...engines], cuda_libraries: scratch };
  const thrown: unknown = await refuseUnusableGpu(settings, environment).catch((error: unknown) => error);
  return thrown instanceof Error ? thrown.message : "";
}

test.if(canStandIn)(
  `engines of one card are refused for that card's troubles alone${withoutCompiler}`,
  async () => {
    const first = await refusal("cuda:0");
    expect(first).toStartWith(`engines is cuda:0 alone, and CUDA cannot be used. ${small}`);
    const second = await refusal("cuda:1");
    expect(second).toStartWith(`engines is cuda:1 alone, and CUDA cannot be used. ${notThere}`);
    expect(second).toEndWith("Or set engines to cuda:1,cpu: then the processor works until that is mended.");
    expect(await refusal("cuda:2")).toContain(`because CUDA_VISIBLE_DEVICES is "2"`);
    const both = await refusal("cuda:0", "cuda:1", "cuda:1");
    expect(both).toContain(`engines is cuda:0,cuda:1 alone, and CUDA cannot be used. cuda:0: ${small}`);
    expect(both).toContain(` cuda:1: ${notThere}`);
    expect(await refusal("cuda:0", "cpu")).toBe("");
  },
);

test.if(canStandIn)(`doctor looks at the cards that engines name${withoutCompiler}`, async () => {
  const looks = await looksAt(
    { providers: [], engines: ["cuda:1", "cpu"], cuda_libraries: scratch },
    environment,
  );
  expect(looks.map(({ entry, look }) => [entry, look.troubles.map(({ kind }) => kind)])).toEqual([
    ["cuda:1", ["not-there"]],
  ]);
});
