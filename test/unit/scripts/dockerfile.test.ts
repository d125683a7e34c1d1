import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createProgram } from "#/cli/program.ts";
import { readImage } from "../../../scripts/docs/deployment/container.ts";

/** What can be said of an image that is not built here: that its file asks the program for what it can do. */
const text = readFileSync(join(import.meta.dir, "../../../Dockerfile"), "utf8").replaceAll("\\\n", " ");

test("the image with CUDA asks the program for its libraries in words that it takes, and leads it to them", () => {
  const [, words = ""] = /dist\/fooocusd (cuda add .*?)\s+&&/.exec(text) ?? [];
  const program = createProgram({ invocation: { env: {}, engineCommand: [] }, ended: () => undefined });
  const command = program.commands.find((one) => one.name() === words.split(" ")[0]);
  const flags = words.split(/\s+/).filter((word) => word.startsWith("--"));
  expect(flags).toEqual(["--fetch", "--index", "--cuda-libraries"]);
  const known = command?.options.map(({ long }) => long);
  for (const flag of flags) expect(known).toContain(flag);

  const { FOOOCUSD_CUDA_LIBRARIES: folder = "", ...env } = readImage("cuda").env;
  const unpacked = /--cuda-libraries (\S+)/.exec(words)?.[1];
  expect(text).toContain(`cp ${unpacked}/*.so* ${folder}/`);
  expect(text).toContain(`COPY --from=cuda-libraries ${folder} ${folder}`);
  // What NVIDIA's container toolkit hands in is asked for by these.
  expect(env).toMatchObject({ NVIDIA_VISIBLE_DEVICES: "all", NVIDIA_DRIVER_CAPABILITIES: "compute,utility" });
});

test("the image with CUDA is the one without it but for that", () => {
  const [cuda, cpu] = [readImage("cuda"), readImage("cpu")];
  const { FOOOCUSD_CACHE_DIR } = cuda.env;
  expect({ ...cuda, env: { FOOOCUSD_CACHE_DIR } }).toEqual({
    ...cpu,
    env: { FOOOCUSD_CACHE_DIR: cpu.env["FOOOCUSD_CACHE_DIR"] },
  });
  expect(text).not.toMatch(/nvidia\/cuda|nuget/i);
});
