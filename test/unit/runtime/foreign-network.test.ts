import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "#/lib/log.ts";
import { openForeign } from "#/runtime/foreign/foreign-network.ts";
import { Residency } from "#/runtime/residency.ts";
import { goldenPath } from "../../support/golden.ts";

const path = (name: string) => goldenPath(`foreign/${name}.onnx`);
const within = (bytes: number) =>
  new Residency({ device: "cpu", weights: "in-place", threads: 1 }, { bytes }, silentLog);
const picture = (side: number) => ({ dims: [1, 3, side, side], data: new Float32Array(3 * side * side) });
const open = ({ resident }: Residency) => resident.map(({ name }) => name);

test("a file that is larger than the budget is refused with both numbers, and nothing is opened", async () => {
  const { size } = statSync(path("small"));
  const residency = within(size - 1);
  const asked = openForeign("matte", path("small"), residency).run(picture(64));
  expect(asked).rejects.toMatchObject({
    code: "out-of-memory",
    details: { network: "small.onnx", needed: size, budget: size - 1 },
  });
  await asked.catch(() => undefined);
  expect(open(residency)).toEqual([]);
});

test("it stays open for the next one who asks, and leaves where the budget has no room for both", async () => {
  const residency = within(Math.round(statSync(path("small")).size * 1.5));
  for (const name of ["small", "small", "u2net"]) {
    const { run } = openForeign("matte", path(name), residency);
    expect((await run(picture(name === "small" ? 64 : 320))).dims).toHaveLength(4);
    expect(open(residency)).toEqual([`${name}.onnx`]);
  }
  await residency.close();
});

test("what the runtime cannot open is the file's fault, and said with its name and the runtime's words", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-foreign-"));
  const bytes = readFileSync(path("small")).toString("latin1").replace("ConvTranspose", "ConvUnheardOf");
  const file = join(folder, "u2net.onnx");
  writeFileSync(file, Buffer.from(bytes, "latin1"));
  const residency = within(2 ** 30);
  const asked = openForeign("matte", file, residency).run(picture(64));
  expect(asked).rejects.toMatchObject({ name: "ModelError", code: "header-invalid" });
  expect(asked).rejects.toThrow(/^u2net\.onnx could not be opened: [\s\S]*ConvUnheardOf/);
  await asked.catch(() => undefined);
  rmSync(folder, { recursive: true });
});
