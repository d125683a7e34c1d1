import { afterAll, expect, test } from "bun:test";
import { parseJson } from "#/api/json.ts";
import { serveBench } from "../support/served-bench.ts";
import { putModel } from "../support/task-bench.ts";

const bench = await serveBench();
putModel(bench.folder, "checkpoints/second.safetensors");
afterAll(() => bench.close());

const make = async (body: object) => {
  const answer = await fetch(`${bench.url}/v1/engine/generate/`, {
    method: "POST",
    body: JSON.stringify({ style_selections: [], overwrite_width: 64, overwrite_height: 64, ...body }),
  });
  // A seed beyond 2^53 must keep its digits.
  return Object(parseJson(await answer.text()));
};
const seeds = [9223372036854775806n, 9223372036854775807n, 0];

test("a Lightning record showed the request's CFG and sampler, and one seed for all pictures", async () => {
  const said = { guidance_scale: 7, sharpness: 5, sampler_name: "dpmpp_2m", scheduler_name: "karras" };
  const seed = { image_number: 3, image_seed: "9223372036854775806", generate_image_grid: true };
  const record = await make({ ...said, ...seed, performance_selection: "Lightning" });
  expect(record.req_params).toMatchObject(said);
  const really = {
    steps: 4,
    guidance_scale: 1,
    sharpness: 0,
    sampler_name: "euler",
    scheduler_name: "sgm_uniform",
  };
  expect(record.pictures).toEqual([
    ...seeds.map((one, i) => ({ url: record.result[i], seed: one, width: 64, height: 64, ...really })),
    { url: record.result[3], seed: null, width: 128, height: 128 },
  ]);
  const again = Object(parseJson(await (await fetch(`${bench.url}/tasks/${record.task_id}`)).text()));
  expect(again.pictures).toEqual(record.pictures);
  // What the picture itself says is the same.
  const read = await fetch(`${bench.url}/v1/tools/read-metadata`, {
    method: "POST",
    body: JSON.stringify({ image: record.result[1] }),
  });
  expect((await read.json()).values).toMatchObject({
    seed: "9223372036854775807",
    steps: 4,
    guidance_scale: 1,
    sampler: "euler",
    scheduler: "sgm_uniform",
  });
});

test("in other modes it is what was asked for, and a task without pictures says nothing", async () => {
  const said = { guidance_scale: 7, sampler_name: "dpmpp_2m", scheduler_name: "karras", sharpness: 3 };
  const record = await make({ ...said, performance_selection: "Quality", overwrite_step: 2, image_seed: 7 });
  expect(record.pictures).toEqual([
    { url: record.result[0], seed: 7, width: 64, height: 64, steps: 2, ...said },
  ]);
  const waiting = await make({ async_process: true });
  expect(Object.keys(waiting)).not.toContain("pictures");
});

test("FreeU is in the picture's own words where it was on, and its request comes back with it", async () => {
  const numbers = { freeu_b1: 1.25, freeu_b2: 1.5, freeu_s1: 0.5, freeu_s2: 0.75 };
  const words = async (body: object) => {
    const record = await make({ ...numbers, overwrite_step: 2, save_metadata_to_images: true, ...body });
    const read = await fetch(`${bench.url}/v1/tools/read-metadata`, {
      method: "POST",
      body: JSON.stringify({ image: record.result[0] }),
    });
    return await read.json();
  };
  for (const metadata_scheme of ["fooocus", "a1111"]) {
    const on = await words({ freeu_enabled: true, metadata_scheme });
    expect(on.request).toMatchObject({ freeu_enabled: true, ...numbers });
    const off = await words({ freeu_enabled: false, metadata_scheme });
    expect(off.request.freeu_enabled).toBeUndefined();
  }
});

test("a refiner is in the picture's own words, and only where one took over", async () => {
  const words = async (body: object) => {
    const record = await make({ overwrite_step: 2, save_metadata_to_images: true, ...body });
    const read = await fetch(`${bench.url}/v1/tools/read-metadata`, {
      method: "POST",
      body: JSON.stringify({ image: record.result[0] }),
    });
    return (await read.json()).values;
  };
  const other = { refiner_model_name: "second.safetensors", refiner_switch: 0.8 };
  expect(await words({ ...other, refiner_swap_method: "separate", overwrite_switch: 1 })).toMatchObject({
    refiner_model: "second",
    refiner_model_hash: expect.stringMatching(/^[0-9a-f]{10}$/),
    refiner_switch: 0.8,
    refiner_swap_method: "separate",
    overwrite_switch: 1,
  });
  const own = await words({ ...other, performance_selection: "Lightning", overwrite_switch: 1 });
  expect(own.refiner_model).toBe("None");
  for (const key of ["refiner_model_hash", "refiner_swap_method", "overwrite_switch"])
    expect(Object.keys(own)).not.toContain(key);
});
