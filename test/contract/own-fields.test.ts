import { afterAll, describe, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { serveBench } from "../support/served-bench.ts";

const [plain, fast] = [await serveBench(), await serveBench({ config: { precision: "fast" } })];
afterAll(async () => {
  await plain.close();
  await fast.close();
});
type Bench = typeof plain;

const small = { prompt: "a kite", overwrite_width: 64, overwrite_height: 64, overwrite_step: 2 };
const post = async (bench: Bench, path: string, body: object) =>
  await (await fetch(`${bench.url}${path}`, { method: "POST", body: JSON.stringify(body) })).json();
const make = async (bench: Bench, body: object) =>
  await post(bench, "/v1/engine/generate/", { ...small, style_selections: [], ...body });
const read = async (bench: Bench, record: { result: readonly string[] }) =>
  await post(bench, "/v1/tools/read-metadata", { image: record.result[0] });

describe("precision", () => {
  test("is what the request says, else the setting, and the record and the description show it", async () => {
    expect((await make(plain, {})).req_params.precision).toBe("full");
    expect((await make(plain, { precision: "fast" })).req_params.precision).toBe("fast");
    expect((await make(fast, {})).req_params.precision).toBe("fast");
    expect((await make(fast, { precision: "full" })).req_params.precision).toBe("full");
    for (const [bench, published] of [
      [plain, "full"],
      [fast, "fast"],
    ] as const) {
      const { components } = await (await fetch(`${bench.url}/openapi.json`)).json();
      expect(components.schemas.CommonRequest.properties.precision.default).toBe(published);
    }
  });

  for (const metadata_scheme of ["fooocus", "a1111"])
    test(`${metadata_scheme}: a picture's own is asked for again, whatever the server's is`, async () => {
      const made = await make(plain, { precision: "fast", metadata_scheme });
      expect((await read(plain, made)).request.precision).toBe("fast");
      const whole = await make(fast, { precision: "full", metadata_scheme });
      const { request, values } = await read(fast, whole);
      expect(request.precision).toBe("full");
      expect(Object.keys(values).filter((name) => /precision/i.test(name))).toEqual([]);
    });

  test("by the legacy door it is one of the advanced fields", async () => {
    const body = { ...small, async_process: true, advanced_params: { precision: "fast", overwrite_step: 2 } };
    const { job_id } = await post(plain, "/v1/generation/text-to-image", body);
    const record = await (await fetch(`${plain.url}/tasks/${job_id.replaceAll("-", "")}`)).json();
    expect(record.req_params.precision).toBe("fast");
  });
});

describe("cache and cfg_until", () => {
  const said = { cache: 0.5, cfg_until: 0.75 };

  test("are off where nobody says them, and then no picture speaks of them", async () => {
    const made = await make(plain, {});
    expect(made.req_params).toMatchObject({ cache: 0, cfg_until: 1 });
    expect(made).not.toHaveProperty("warnings");
    expect(made.pictures[0]).not.toHaveProperty("network_runs");
    const { values, request } = await read(plain, made);
    expect(Object.keys({ ...values, ...request }).filter((name) => /cache|cfg_until/i.test(name))).toEqual(
      [],
    );
  });

  for (const metadata_scheme of ["fooocus", "a1111"])
    test(`${metadata_scheme}: a picture's own are asked for again`, async () => {
      const made = await make(plain, { ...said, metadata_scheme });
      expect(made.req_params).toMatchObject(said);
      expect(made.pictures).toMatchObject([{ network_runs: 3, network_runs_saved: 1 }]);
      const again = await (await fetch(`${plain.url}/tasks/${made.task_id}`)).json();
      expect(again.pictures).toEqual(made.pictures);
      expect((await read(plain, made)).request).toMatchObject(said);
    });

  test("what of them changes nothing is told", async () => {
    const fast = await make(plain, { ...said, guidance_scale: 1, sampler_name: "dpm_adaptive" });
    expect(fast.warnings).toEqual([
      expect.stringContaining("cache is left out: dpm_adaptive"),
      expect.stringContaining("cfg_until changes nothing"),
    ]);
    const few = await make(plain, { cache: 0.5, guidance_scale: 1 });
    expect(few.warnings).toEqual([expect.stringContaining("cache changes nothing: 2 steps are made")]);
    // Neither is in the picture then.
    expect((await read(plain, fast)).request).not.toHaveProperty("cache");
  });
});

describe("size_number, upscaler_name and upscale_alone", () => {
  const picture = async () =>
    `data:image/png;base64,${(
      await sharp({ create: { width: 96, height: 64, channels: 3, background: "red" } })
        .png()
        .toBuffer()
    ).toString("base64")}`;
  const sizeOf = ({ pictures }: Readonly<{ pictures: readonly { width: number; height: number }[] }>) =>
    pictures.map(({ width, height }) => [width, height]);

  test("a picture that is varied keeps its size at its own number, and says so where it was made", async () => {
    const varied = { uov_input_image: await picture(), uov_method: "Vary (Subtle)" };
    expect(sizeOf(await make(plain, varied))).toEqual([[1216, 832]]);
    const made = await make(plain, { ...varied, size_number: 128 });
    expect(sizeOf(made)).toEqual([[96, 64]]);
    const { request } = await read(plain, made);
    expect(request).toMatchObject({ size_number: 128 });
    expect(request).not.toHaveProperty("upscale_alone");
    expect((await read(plain, await make(plain, varied))).request).not.toHaveProperty("size_number");
  });

  test("enlarged by a network that the request names, alone, by any factor", async () => {
    const folder = join(plain.folder, "models/upscale_models");
    cpSync(join(import.meta.dir, "../../models/upscale_models"), folder, { recursive: true });
    const enlarged = {
      uov_input_image: await picture(),
      uov_method: "Upscale (Custom)",
      upscale_multiple: 1.5,
      upscaler_name: "fooocusd-demo-upscaler.safetensors",
      upscale_alone: true,
      size_number: 64,
    };
    const made = await make(plain, enlarged);
    expect(sizeOf(made)).toEqual([[144, 96]]);
    const { detail } = await make(plain, { ...enlarged, upscaler_name: "other.safetensors" });
    expect(detail[0]).toMatchObject({ loc: ["body", "upscaler_name"], type: "value_error" });
    const legacy = {
      ...{ input_image: enlarged.uov_input_image, uov_method: "Upscale (Custom)", upscale_value: 1.5 },
      advanced_params: { upscale_alone: true, size_number: 64 },
    };
    const [{ url }] = await post(plain, "/v2/generation/image-upscale-vary", legacy);
    const { width, height } = await sharp(await (await fetch(url)).bytes()).metadata();
    expect([width, height]).toEqual([144, 96]);
  });
});
