import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import sharp from "sharp";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench } from "../support/served-bench.ts";

const engine = new ScriptedEngine();
let bench: ServedBench;
let png: Buffer;
let mask: Buffer;
beforeAll(async () => {
  bench = await serveBench({ engine });
  const sides = { width: 80, height: 40, channels: 3 } as const;
  png = await sharp({ create: { ...sides, background: "#c86432" } })
    .png()
    .toBuffer();
  // Transparent on the right: what nobody drew there is not to be repainted.
  const pixels = Buffer.from(
    Array.from({ length: 80 * 40 }, (_, i) => [255, 255, 255, i % 80 < 40 ? 255 : 0]).flat(),
  );
  mask = await sharp(pixels, { raw: { ...sides, channels: 4 } })
    .png()
    .toBuffer();
});
afterAll(() => bench.close());

const fast = { prompt: "a cat", performance_selection: "Lightning", style_selections: "" };
const json = { ...fast, style_selections: [] };
const file = (bytes: Buffer, name = "cat.png") => new File([new Uint8Array(bytes)], name);
const base64 = () => png.toString("base64");

function formOf(fields: Readonly<Record<string, string | Blob>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fast, ...fields })) form.append(name, value);
  return form;
}
const send = (path: string, body: FormData | object, query = ""): Promise<Response> =>
  fetch(`${bench.url}${path}${query}`, {
    method: "POST",
    body: body instanceof FormData ? body : JSON.stringify({ ...json, ...body }),
  });

/** The record of the newest task, as FooocusAPI's clients see the same job. */
const newest = async () => {
  const { history } = await (await fetch(`${bench.url}/tasks?page_size=1`)).json();
  return history[0];
};
const upscaleVary = "generation/image-upscale-vary";
const inpaintOutpaint = "generation/image-inpaint-outpaint";

describe("vary and upscale", () => {
  test("a form and JSON in every spelling are the same job about the same picture", async () => {
    const uov_method = "Vary (Strong)";
    const served = Bun.serve({ port: 0, fetch: () => new Response(new Uint8Array(png)) });
    const bodies = [
      formOf({ input_image: file(png), uov_method }),
      ...[base64(), `data:image/png;base64,${base64()}`, `http://127.0.0.1:${served.port}/cat`].map(
        (input_image) => ({
          input_image,
          uov_method,
        }),
      ),
    ];
    const inputs = new Set<string>();
    for (const body of bodies) {
      const answer = await send(`/${body instanceof FormData ? "v1" : "v2"}/${upscaleVary}`, body);
      const [item, ...others] = await answer.json();
      expect([answer.status, others]).toEqual([200, []]);
      expect(item).toMatchObject({ base64: null, finish_reason: "SUCCESS" });
      expect(item.url).toStartWith(`${bench.url}/outputs/`);
      const { req_params, result } = await newest();
      expect(req_params).toMatchObject({ uov_method, current_tab: "uov", inpaint_input_image: "" });
      expect(result).toEqual([item.url]);
      inputs.add(req_params.uov_input_image);
    }
    await served.stop(true);
    expect(inputs.size).toBe(1);
    const kept = await (await fetch([...inputs][0] ?? "")).bytes();
    expect(await sharp(kept).metadata()).toMatchObject({ width: 80, height: 40 });
    // The engine was given its pixels.
    const { recipe, inputs: pixels } = engine.jobs.at(-1) ?? {};
    expect(recipe?.source.kind).toBe("vary");
    expect(pixels?.map(({ width, height, data }) => [width, height, ...data.subarray(0, 3)])).toEqual([
      [80, 40, 0xc8, 0x64, 0x32],
    ]);
  });

  test("asynchronous: the job, then its result with the file in base64", async () => {
    const asked = {
      input_image: base64(),
      uov_method: "Vary (Subtle)",
      async_process: true,
      require_base64: true,
    };
    const fresh = await (await send(`/v2/${upscaleVary}`, asked)).json();
    expect(fresh).toMatchObject({
      job_type: "Image Upscale or Variation",
      job_stage: "WAITING",
      job_result: null,
    });
    let job = fresh;
    while (job.job_stage === "WAITING" || job.job_stage === "RUNNING")
      job = await (await fetch(`${bench.url}/v1/generation/query-job?job_id=${fresh.job_id}`)).json();
    expect(job).toMatchObject({ job_stage: "SUCCESS", job_progress: 100, job_status: "Finished" });
    const [{ base64: uri, url }] = job.job_result;
    expect(Buffer.from(uri.split(",")[1], "base64")).toEqual(Buffer.from(await (await fetch(url)).bytes()));
  });

  test("image/png is the first picture itself", async () => {
    const body = formOf({ input_image: file(png), uov_method: "Vary (Subtle)", image_number: "2" });
    const answer = await send(`/v1/${upscaleVary}`, body, "?accept=image/png");
    expect(answer.headers.get("content-type")).toBe("image/png");
    expect((await sharp(await answer.bytes()).metadata()).format).toBe("png");
    expect((await newest()).result).toHaveLength(1);
  });
});

describe("inpaint and outpaint", () => {
  test("a picture and its mask, which is black where nobody drew", async () => {
    for (const [path, body] of [
      [`/v1/${inpaintOutpaint}`, formOf({ input_image: file(png), input_mask: file(mask, "mask.png") })],
      [`/v2/${inpaintOutpaint}`, { input_image: base64(), input_mask: mask.toString("base64") }],
    ] as const) {
      const answer = await send(path, body);
      expect([answer.status, (await answer.json())[0]?.finish_reason]).toEqual([200, "SUCCESS"]);
      const { req_params } = await newest();
      expect(req_params).toMatchObject({
        current_tab: "inpaint",
        inpaint_respective_field: 1,
        inpaint_advanced_masking_checkbox: true,
        outpaint_selections: [],
      });
      const [, given] = engine.jobs.at(-1)?.inputs ?? [];
      expect([given?.data[0], given?.data[79 * 3]]).toEqual([255, 0]);
    }
  });

  test("sides and distances, left, top, right, bottom; one on a side that is not chosen is told", async () => {
    const form = formOf({
      input_image: file(png),
      outpaint_selections: "Left,Top",
      outpaint_distance_left: "24",
      outpaint_distance_top: "-1",
      outpaint_distance_bottom: "9",
    });
    expect((await (await send(`/v1/${inpaintOutpaint}`, form)).json())[0].finish_reason).toBe("SUCCESS");
    const { req_params, warnings } = await newest();
    expect(req_params).toMatchObject({
      outpaint_selections: ["Left", "Top"],
      outpaint_distance: [24, 0, 0, 9],
    });
    expect(warnings).toContain(
      "outpaint_distance of Bottom took no part: Bottom is not in outpaint_selections.",
    );
  });

  test("without mask and sides it is a plain picture, which is told", async () => {
    await send(`/v2/${inpaintOutpaint}`, { input_image: base64() });
    expect((await newest()).warnings).toEqual([
      "inpaint_input_image took no part: nothing says what to repaint; send inpaint_mask_image_upload, or name sides in outpaint_selections.",
    ]);
  });
});

describe("what is wrong, or not known, is told in the legacy API's words", () => {
  const refusal = async (path: string, body: FormData | object) => {
    const answer = await send(path, body);
    const { detail } = await answer.json();
    return [answer.status, detail[0].type, detail[0].loc.join("."), detail[0].msg] as const;
  };

  test("a picture that cannot be read, by its field", async () => {
    const broken = file(png.subarray(0, 40));
    for (const [path, body, field] of [
      [`/v1/${upscaleVary}`, formOf({ input_image: broken, uov_method: "Vary (Subtle)" }), "input_image"],
      [`/v1/${inpaintOutpaint}`, formOf({ input_image: file(png), input_mask: broken }), "input_mask"],
      [`/v2/${upscaleVary}`, { input_image: "C:\\cat.png", uov_method: "Vary (Subtle)" }, "input_image"],
      [`/v2/${inpaintOutpaint}`, { input_image: base64(), input_mask: "bm8=" }, "input_mask"],
    ] as const) {
      const [status, type, loc, msg] = await refusal(path, body);
      expect([status, type, loc]).toEqual([422, "bad_image", `body.${field}`]);
      expect(msg).toStartWith(field);
    }
  });

  test("names nobody knows are passed over and told in the record, forms too", async () => {
    const form = formOf({
      input_image: file(png),
      uov_method: "Vary (Subtle)",
      upscale_multiple: "3",
      sampler_name: "euler",
      advanced_params: "{no json",
    });
    expect((await send(`/v1/${upscaleVary}`, form)).status).toBe(200);
    expect((await newest()).warnings).toEqual([
      "advanced_params is not what it should be, a JSON text of its fields; its defaults were taken.",
      "There are no such fields: upscale_multiple (here: upscale_value), sampler_name (here: advanced_params.sampler_name); they were passed over.",
    ]);
    const body = {
      input_image: base64(),
      uov_method: "Vary (Subtle)",
      inpaint_input_image: "x",
      advanced_params: { overwrite_steps: 3 },
    };
    expect((await send(`/v2/${upscaleVary}`, body)).status).toBe(200);
    expect((await newest()).warnings).toEqual([
      "There are no such fields: inpaint_input_image (here: input_image), advanced_params.overwrite_steps (here: overwrite_step); they were passed over.",
    ]);
  });
});
