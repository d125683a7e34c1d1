import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import sharp from "sharp";
import { formBodies, jsonBodies } from "#/doors/legacy/api/bodies.ts";
import { type ServedBench, serveBench } from "../support/served-bench.ts";

let bench: ServedBench;
let picture: File;
let base64 = "";

beforeAll(async () => {
  bench = await serveBench({ config: { queue_limit: 1_000_000 } });
  const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  picture = new File([new Uint8Array(png)], "cat.png");
  base64 = png.toString("base64");
});
afterAll(() => bench.close());

const send = (path: string, body: FormData | string): Promise<Response> =>
  fetch(`${bench.url}${path}`, { method: "POST", body });

/** A form of texts and files. */
function formOf(fields: Readonly<Record<string, string | Blob>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

test.each(["ImagePrompt", "FaceSwap", "CPDS"])(
  "the form image-prompt with a picture of the type %s and none of its files names what is missing",
  async (type) => {
    const answer = await send("/v1/generation/image-prompt", formOf({ cn_img3: picture, cn_type3: type }));
    const { detail } = await answer.json();
    expect(answer.status).toBe(422);
    expect(detail).toEqual([
      expect.objectContaining({ ctx: { error: "missing-model" }, loc: ["body", "cn_type3"] }),
    ]);
    expect(detail[0].msg).toContain(type);
  },
);

describe("a mode whose files are not there is refused by its legacy name, after everything was read", () => {
  test.each([
    ["image-prompt", ["image_prompts", 0, "cn_type"], () => ({ image_prompts: [{ cn_img: base64 }] })],
    [
      "text-to-image-with-ip",
      ["image_prompts", 0, "cn_type"],
      () => ({ image_prompts: [{ cn_img: base64 }] }),
    ],
  ] as const)("the JSON body %s", async (name, loc, body) => {
    const answer = await send(`/v2/generation/${name}`, JSON.stringify(body()));
    expect(answer.status).toBe(422);
    expect((await answer.json()).detail).toEqual([
      expect.objectContaining({ ctx: { error: "missing-model" }, loc: ["body", ...loc] }),
    ]);
  });

  test("what is wrong comes first, all of it, and files that are none by name", async () => {
    const fields = { input_image: "abc", uov_method: "Bigger", upscale_value: "9", image_number: "many" };
    const answer = await send("/v1/generation/image-upscale-vary", formOf(fields));
    const { detail } = await answer.json();
    expect(detail.map(({ type, loc }: { type: string; loc: string[] }) => `${type} ${loc[1]}`)).toEqual([
      "value_error input_image",
      "enum uov_method",
      "less_than_equal upscale_value",
      "int_parsing image_number",
    ]);
    const empty = await (await send("/v1/generation/image-upscale-vary", "{}")).json();
    expect(empty.detail.map(({ input }: { input: unknown }) => input)).toEqual([null, null]);
  });

  test("a mode that does not need its picture makes one: Disabled is text to image, under its own job type", async () => {
    const fields = {
      input_image: picture,
      uov_method: "Disabled",
      performance_selection: "Lightning",
      style_selections: "",
      advanced_params: '{"overwrite_width": 64, "overwrite_height": 64}',
    };
    const [item] = await (await send("/v1/generation/image-upscale-vary", formOf(fields))).json();
    expect(item.finish_reason).toBe("SUCCESS");
    const { history } = await (await fetch(`${bench.url}/v1/generation/job-history`)).json();
    const job = await fetch(`${bench.url}/v1/generation/query-job?job_id=${history.at(-1).job_id}`);
    expect((await job.json()).job_type).toBe("Image Upscale or Variation");
  });
});

describe("no body breaks a route", () => {
  const named = (schema: { properties: object }) => fc.constantFrom(...Object.keys(schema.properties));
  const scalars = fc.oneof(
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom(
      "None",
      "",
      "Left",
      "Lightning",
      "64*64",
      "png",
      "true",
      "1",
      "-1",
      "1e9",
      "9".repeat(30),
    ),
  );
  const values = fc.oneof(
    scalars,
    fc.jsonValue({ maxDepth: 3 }),
    fc.array(fc.dictionary(fc.string(), scalars)),
  );
  const isFine = ({ status }: Response) => status < 500;

  test.each([
    ["/v1/generation/text-to-image", jsonBodies.textToImage],
    ["/v2/generation/text-to-image-with-ip", jsonBodies.textToImageWithPrompts],
    ["/v2/generation/image-upscale-vary", jsonBodies.upscaleVary],
    ["/v2/generation/image-inpaint-outpaint", jsonBodies.inpaintOutpaint],
    ["/v2/generation/image-prompt", jsonBodies.imagePrompt],
    ["/v2/generation/image-enhance", jsonBodies.enhance],
  ] as const)(
    "%s",
    async (path, schema) => {
      await bench.tasks.pause(true);
      const bodies = fc.oneof(
        {
          weight: 4,
          arbitrary: fc
            .dictionary(named(schema), values, { maxKeys: 6 })
            .map((body) => ({ ...body, async_process: true })),
        },
        {
          weight: 1,
          arbitrary: fc
            .jsonValue()
            .filter((body) => typeof body !== "object" || body === null || Array.isArray(body)),
        },
      );
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => isFine(await send(path, JSON.stringify(body)))),
        { numRuns: 300 },
      );
    },
    60_000,
  );

  test.each([
    ["/v1/generation/image-upscale-vary", formBodies.upscaleVary],
    ["/v1/generation/image-inpaint-outpaint", formBodies.inpaintOutpaint],
    ["/v1/generation/image-prompt", formBodies.imagePrompt],
    ["/v1/generation/image-enhance", formBodies.enhance],
  ] as const)(
    "%s",
    async (path, schema) => {
      await bench.tasks.pause(true);
      const part = fc.oneof(
        fc.string(),
        values.map((value) => JSON.stringify(value)),
        fc.uint8Array().map((bytes) => new Blob([new Uint8Array(bytes)])),
      );
      const parts = fc.array(fc.tuple(fc.oneof(named(schema), fc.string({ minLength: 1 })), part), {
        maxLength: 8,
      });
      await fc.assert(
        fc.asyncProperty(parts, async (given) => {
          const form = new FormData();
          for (const [name, value] of given) form.append(name, value);
          form.append("async_process", "true");
          return isFine(await send(path, form));
        }),
        { numRuns: 200 },
      );
    },
    60_000,
  );

  test("nor do bytes that call themselves a form, or a query", async () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const types = fc.constantFrom(
      "multipart/form-data; boundary=b",
      "multipart/form-data",
      "application/json",
      "x",
    );
    const path = `${bench.url}/v1/generation/image-upscale-vary`;
    await fc.assert(
      fc.asyncProperty(bytes, types, async (body, type) =>
        isFine(
          await fetch(path, {
            method: "POST",
            headers: { "content-type": type },
            body: new Uint8Array(body),
          }),
        ),
      ),
      { numRuns: 200 },
    );
    const texts = fc.string({ maxLength: 40 }).map(encodeURIComponent);
    await fc.assert(
      fc.asyncProperty(
        texts,
        texts,
        texts,
        async (id, page, size) =>
          isFine(
            await fetch(`${bench.url}/v1/generation/job-history?job_id=${id}&page=${page}&page_size=${size}`),
          ) &&
          isFine(
            await fetch(`${bench.url}/v1/generation/query-job?job_id=${id}&require_step_preview=${page}`),
          ),
      ),
      { numRuns: 200 },
    );
  }, 300_000);
});
