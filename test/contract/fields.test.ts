import { afterAll, describe, expect, test } from "bun:test";
import { isJsonObject, type Json, type JsonObject, parseJson, writeJson } from "#/api/json.ts";
import presetFile from "#/assets/presets/presets.json";
import type { Preset } from "#/recipe/preset.ts";
import { withShippedStyles } from "#/recipe/shipped.ts";
import {
  bodyWith,
  boundIssue,
  conversions,
  enumIssue,
  fields,
  goodObject,
  objects,
  places,
  refusals,
  sentences,
  text,
} from "../support/request-fields.ts";
import { serveBench } from "../support/served-bench.ts";
import { benchFolder, putModel } from "../support/task-bench.ts";

const folder = benchFolder();
for (const name of [
  "checkpoints/juggernautXL_v8Rundiffusion.safetensors",
  "loras/sd_xl_offset_example-lora_1.0.safetensors",
])
  putModel(folder, name);
const shipped: Readonly<Record<string, unknown>> = presetFile;
const bench = await serveBench({
  folder,
  config: { queue_limit: 100_000 },
  assets: {
    presets: new Map(Object.entries(shipped)) as ReadonlyMap<string, Preset>,
    styles: withShippedStyles([]),
  },
});
// Nothing is made here: what counts is what is accepted, and how it is kept.
await bench.tasks.pause(true);
afterAll(() => bench.close());

type Answer = Readonly<{ status: number; text: string }>;

async function send(body: string): Promise<Answer> {
  const answer = await fetch(`${bench.url}/v1/engine/generate/`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

/** What the checks of types and bounds say; anything else is about names and features, and comes after them. */
const checked =
  /^(missing$|enum$|list_type|model_attributes_type|string_type|(int|float|bool)_|greater_than|less_than|json_)/;

function issuesOf({ status, text }: Answer): readonly JsonObject[] {
  if (status === 200) return [];
  const body = parseJson(text);
  if (status !== 422 || !isJsonObject(body) || !Array.isArray(body.detail))
    throw new Error(`${status}: ${text}`);
  return body.detail
    .filter(isJsonObject)
    .filter(({ type }) => typeof type === "string" && checked.test(type));
}

/** The field of the kept request, if it was accepted. */
async function kept({ status, text }: Answer, name: string): Promise<Json | undefined> {
  if (status !== 200) return undefined;
  const id = /"task_id":"(\w+)"/.exec(text)?.[1] ?? "";
  const record = parseJson(await (await fetch(`${bench.url}/tasks/${id}`)).text());
  const params = isJsonObject(record) ? record.req_params : null;
  return params !== undefined && isJsonObject(params) ? params[name] : undefined;
}

/** Fields whose kept form is not what was sent (http-api section 8), or that choose how the request is answered. */
const notKept: readonly string[] = [
  "image_seed",
  "input_image_checkbox",
  "inpaint_advanced_masking_checkbox",
  "async_process",
  "stream_output",
];

for (const place of places) {
  const { field, loc } = place;
  const accepts = async (value: string) => {
    const answer = await send(bodyWith(place, value));
    expect([value, issuesOf(answer)]).toEqual([value, []]);
    return answer;
  };
  const refuses = async (value: string, issue: string) => {
    const { status, text: body } = await send(bodyWith(place, value));
    expect([status, body]).toEqual([422, `{"detail":[${issue}]}`]);
  };
  // What decides how a request is answered is tried without an answer that waits for a picture.
  const waits = field.name === "async_process" || field.name === "stream_output";

  describe(loc.slice(1).join("."), () => {
    test("another type is refused by name", async () => {
      for (const [value, type] of refusals[field.type] ?? []) {
        // The contract refuses null for save_name; here a record's own null is taken back.
        const takesNull = field.nullable === true || field.name === "save_name";
        if (value === "null" && takesNull) await accepts(value);
        else if (field.enum !== undefined) await refuses(value, enumIssue(loc, field.enum, value));
        else
          await refuses(
            value,
            `{"type":"${type}","loc":${text(loc)},"msg":"${sentences[type]}","input":${value}}`,
          );
      }
    });

    if (field.minimum !== undefined || field.maximum !== undefined) {
      test("the bounds are allowed, what is beyond them is not", async () => {
        const step = field.type === "integer" ? 1 : 0.5;
        for (const which of ["minimum", "maximum"] as const) {
          const limit = field[which];
          if (limit === undefined) continue;
          await accepts(String(limit));
          const beyond = which === "minimum" ? limit - step : limit + step;
          await refuses(String(beyond), boundIssue(place, which, String(beyond)));
          await refuses(
            `"${beyond}"`,
            field.type === "integer" || field.type === "number"
              ? boundIssue(place, which, `"${beyond}"`)
              : "",
          );
        }
      });
    }

    if (!waits && conversions(field).length > 0) {
      test("other ways to write a value are understood", async () => {
        for (const [value, meaning] of conversions(field)) {
          const answer = await accepts(value);
          if (answer.status !== 200 || place.object !== undefined || notKept.includes(field.name)) continue;
          expect([value, await kept(answer, field.name)]).toEqual([value, meaning]);
        }
      });
    }

    const { enum: choices } = field;
    if (choices !== undefined) {
      test("every value of the list is taken, and no other", async () => {
        for (const choice of choices) await accepts(text(choice));
        await refuses('"nothing"', enumIssue(loc, choices, '"nothing"'));
        await refuses(
          text(choices[0]?.toUpperCase()),
          enumIssue(loc, choices, text(choices[0]?.toUpperCase())),
        );
      });
    }

    const { items } = field;
    if (items !== undefined) {
      test("what is in the list is checked with its place", async () => {
        const at = [...loc, 1];
        const first =
          items.object === undefined
            ? items.type === "integer"
              ? "1"
              : items.enum === undefined
                ? '"a"'
                : text(items.enum[0])
            : goodObject(items.object);
        const wrong =
          items.object !== undefined
            ? `{"type":"model_attributes_type","loc":${text(at)},"msg":"Input should be a valid dictionary or object to extract fields from","input":7}`
            : items.enum !== undefined
              ? enumIssue(at, items.enum, "7")
              : items.type === "integer"
                ? undefined
                : `{"type":"string_type","loc":${text(at)},"msg":"${sentences.string_type}","input":7}`;
        if (wrong !== undefined) await refuses(`[${first},7]`, wrong);
        if (items.type === "integer")
          await refuses(
            `[1,"x"]`,
            `{"type":"int_parsing","loc":${text(at)},"msg":"${sentences.int_parsing}","input":"x"}`,
          );
      });
    }

    if (field.required === true) {
      test("it must be there; the enclosing object is shown", async () => {
        const given = `{${place.object?.needed.replace(/,$/, "")}}`;
        const { text: body } = await send(`{"${place.object?.list}":[${given}]}`);
        expect(body).toBe(
          `{"detail":[{"type":"missing","loc":${text(loc)},"msg":"Field required","input":${given}}]}`,
        );
      });
    }
  });
}

test("a request that says nothing is kept as all fields with the contract's defaults, in the contract's order", async () => {
  const { text: body } = await send('{"async_process":true}');
  const id = /"task_id":"(\w+)"/.exec(body)?.[1] ?? "";
  const { req_params: params } = await (await fetch(`${bench.url}/tasks/${id}`)).json();
  expect(Object.keys(params)).toEqual(fields.map(({ name }) => name));
  const defaults = Object.fromEntries(fields.map((field) => [field.name, field.default]));
  const region = Object.fromEntries(
    (objects.EnhanceCtrlNets ?? []).map((field) => [field.name, field.default]),
  );
  const slot = { cn_img: "", cn_stop: 0.6, cn_weight: 0.6, cn_type: "ImagePrompt" };
  const off = [true, "None", 1];
  expect(params).toEqual({
    ...defaults,
    image_seed: params.image_seed,
    aspect_ratios_selection: "1152×896",
    loras: [true, "sd_xl_offset_example-lora_1.0.safetensors", 0.1, ...off, ...off, ...off, ...off],
    controlnet_image: [slot, slot, slot, slot],
    enhance_ctrls: [region, region, region],
    uov_input_image: "",
    inpaint_input_image: "",
    inpaint_mask_image_upload: "",
    enhance_input_image: "",
    input_image_checkbox: true,
    async_process: true,
  });
  expect(params.image_seed).toBeGreaterThanOrEqual(0);
});

test("seeds keep every digit, and what is beyond them draws one", async () => {
  const seed = async (value: string) =>
    await kept(await send(`{"async_process":true,"image_seed":${value}}`), "image_seed");
  for (const value of [
    "0",
    "9007199254740993",
    "9223372036854775807",
    '"9223372036854775807"',
    '" 9_007_199_254_740_993 "',
  ])
    expect(BigInt(writeJson(await seed(value)))).toBe(BigInt(value.replaceAll(/[" _]/g, "")));
  for (const value of [
    "-1",
    "9223372036854775808",
    "1e30",
    "123456789012345678901234567890123456789012345678901234567890",
  ]) {
    const drawn = BigInt(writeJson(await seed(value)));
    expect(drawn >= 0n && drawn < 1n << 63n).toBe(true);
  }
});

test("every problem at once, in the order of the fields, depth first", async () => {
  const body = { webhook_url: 1, prompt: 1, loras: [{ weight: 3 }, 7], image_number: 0, unknown: 1 };
  const { text: answer } = await send(text(body));
  const { detail } = JSON.parse(answer);
  expect(detail.map(({ type, loc }: { type: string; loc: unknown }) => [type, loc])).toEqual([
    ["string_type", ["body", "prompt"]],
    ["greater_than_equal", ["body", "image_number"]],
    ["missing", ["body", "loras", 0, "enabled"]],
    ["missing", ["body", "loras", 0, "model_name"]],
    ["less_than_equal", ["body", "loras", 0, "weight"]],
    ["model_attributes_type", ["body", "loras", 1]],
    ["string_type", ["body", "webhook_url"]],
  ]);
});

test("spellings of no image are kept as none", async () => {
  for (const value of ["null", '""', '"None"', '"null"', '"string"', '"none"'])
    expect([
      value,
      await kept(await send(`{"async_process":true,"uov_input_image":${value}}`), "uov_input_image"),
    ]).toEqual([value, ""]);
});

test("the documents' name of the a1111 scheme means it", async () => {
  const answer = await send('{"async_process":true,"metadata_scheme":"a111"}');
  expect(await kept(answer, "metadata_scheme")).toBe("a1111");
});

test("a webhook's address is one, and what is missing tells the value that asked for it", async () => {
  const problem = async (body: string): Promise<unknown> => {
    const { status, text: answer } = await send(body);
    expect(status).toBe(422);
    const { loc, input } = JSON.parse(answer).detail[0];
    return [loc, input];
  };
  for (const url of ["foo", "ftp://host/x", "localhost:8000/hook", "//host"])
    expect(await problem(`{"webhook_url":"${url}"}`)).toEqual([["body", "webhook_url"], url]);
  for (const url of ["http://localhost:8000/hook", "HTTPS://host", ""])
    expect((await send(`{"async_process":true,"webhook_url":"${url}"}`)).status).toBe(200);
  expect(await problem('{"black_out_nsfw":true}')).toEqual([["body", "black_out_nsfw"], true]);
  // A picture that nothing is asked of: its field is not the one to change.
  const image = "A".repeat(5000);
  expect(await problem(`{"enhance_input_image":"${image}"}`)).toEqual([["body", "enhance_checkbox"], null]);
});
