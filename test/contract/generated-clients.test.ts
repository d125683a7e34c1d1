import { afterAll, describe, expect, test } from "bun:test";
import { CommonRequest } from "#/api/generate.ts";
import { serveBench } from "../support/served-bench.ts";
import { putModel } from "../support/task-bench.ts";

const bench = await serveBench();
const small = { style_selections: [], overwrite_step: 2, overwrite_width: 64, overwrite_height: 64 };
afterAll(() => bench.close());

/** The description's named schemas. */
async function schemasOf(url: string) {
  const { components } = await (await fetch(`${url}/openapi.json`)).json();
  return components.schemas;
}
const defaultsOf = (schema: { properties: Record<string, { default?: unknown }> }) =>
  Object.fromEntries(Object.entries(schema.properties).map(([name, { default: value }]) => [name, value]));
const record = async (body: object, url = bench.url) =>
  (await fetch(`${url}/v1/engine/generate/`, { method: "POST", body: JSON.stringify(body) })).json();

describe("generated clients send what the description calls the default", () => {
  test("all of it at once makes a picture: what is published is what applies here", async () => {
    const { CommonRequest: schema, Text2ImgRequest, AdvancedParams } = await schemasOf(bench.url);
    const published = defaultsOf(schema);
    expect(published).toMatchObject({ base_model_name: "base.safetensors" });
    // A default of null is how the description says that there is none.
    const { save_name: _, ...sent } = published;
    expect(await record({ ...sent, ...small })).toMatchObject({ task_status: "finished" });
    expect(defaultsOf(Text2ImgRequest)).toMatchObject({ base_model_name: "base.safetensors" });
    expect(defaultsOf(AdvancedParams)).toMatchObject({ clip_skip: 2, inpaint_respective_field: 1 });
  });

  test("they follow the files: another default model is published once it is the default", async () => {
    await using other = await serveBench({
      config: {
        fooocusKeys: {
          file: { default_model: "other.safetensors", default_cfg_scale: 6.5 },
          environment: {},
        },
      },
    });
    const at = async () => defaultsOf((await schemasOf(other.url)).CommonRequest);
    expect(await at()).toMatchObject({ base_model_name: "base.safetensors", guidance_scale: 6.5 });
    putModel(other.folder, "checkpoints/other.safetensors");
    expect(await at()).toMatchObject({ base_model_name: "other.safetensors", guidance_scale: 6.5 });
    const { Body_img_prompt_v1_generation_image_prompt_post: form } = await schemasOf(other.url);
    expect(defaultsOf(form)).toMatchObject({ base_model_name: "other.safetensors", guidance_scale: 7 });
  });

  test("those of a client made from FooocusAPI's description got 422: they count as not said, and the record says so", async () => {
    const defaults = Object.fromEntries(
      Object.entries(CommonRequest.properties).map(([name, schema]) => [name, schema.default]),
    );
    const { save_name: _, ...sent } = defaults;
    const answer = await record({ ...sent, ...small });
    expect(answer).toMatchObject({
      task_status: "finished",
      req_params: { base_model_name: "base.safetensors" },
    });
    expect(answer.warnings).toEqual([
      expect.stringContaining(
        "base_model_name is FooocusAPI's default, juggernautXL_v8Rundiffusion.safetensors",
      ),
      expect.stringContaining("loras is FooocusAPI's default, sd_xl_offset_example-lora_1.0.safetensors"),
    ]);
  });

  test("they are taken where their files are there, and any other name that is not there is refused", async () => {
    await using full = await serveBench();
    putModel(full.folder, "checkpoints/juggernautXL_v8Rundiffusion.safetensors");
    putModel(full.folder, "loras/sd_xl_offset_example-lora_1.0.safetensors");
    const { base_model_name, loras } = CommonRequest.properties;
    const said = { base_model_name: base_model_name.default, loras: loras.default };
    const answer = await record({ ...small, ...said }, full.url);
    expect(answer.warnings).toBeUndefined();
    expect(answer.req_params).toMatchObject({ base_model_name: base_model_name.default });
    expect(answer.req_params.loras.slice(0, 3)).toEqual([true, loras.default[0]?.model_name, 0.1]);
    const [first] = loras.default;
    for (const [field, body] of [
      ["base_model_name", { base_model_name: "juggernautXL_v9.safetensors" }],
      ["loras", { loras: [{ ...first, weight: 0.2 }] }],
    ] as const)
      expect((await record({ ...small, ...body })).detail[0].loc[1]).toBe(field);
  });
});

test("every field of the legacy API's text-to-image was called required, defaults or not", async () => {
  const schemas: Record<string, { required?: readonly string[] }> = await schemasOf(bench.url);
  const required = Object.fromEntries(
    Object.entries(schemas).flatMap(([name, { required: fields }]) =>
      /Request|^Body_/.test(name) && fields !== undefined ? [[name, fields]] : [],
    ),
  );
  expect(required).toEqual({
    Body_img_inpaint_or_outpaint_v1_generation_image_inpaint_outpaint_post: ["input_image"],
    Body_img_upscale_or_vary_v1_generation_image_upscale_vary_post: ["input_image", "uov_method"],
    Body_read_metadata_v1_tools_read_metadata_post: ["image"],
    CreateImageRequest: ["prompt"],
    DescribeImageRequest: ["image"],
    ExtrasBatchImagesRequest: ["imageList"],
    ExtrasSingleImageRequest: ["image"],
    GenerateMaskRequest: ["image"],
    ImageEnhanceRequestJson: ["enhance_ctrlnets"],
    ImgPromptRequestJson: ["image_prompts"],
    ImgUpscaleOrVaryRequestJson: ["input_image"],
    PNGInfoRequest: ["image"],
    QueueRequest: ["action"],
    ReadMetadataRequest: ["image"],
  });
});

test("openapi-generator's typescript-fetch wrote an import of a model it does not write", async () => {
  const { paths } = await (await fetch(`${bench.url}/openapi.json`)).json();
  const operations: readonly { operationId: string; requestBody?: { content: object }; responses: object }[] =
    Object.values<object>(paths).flatMap((methods) => Object.values(methods));
  for (const { operationId, requestBody, responses } of operations) {
    // Generators name what has no name after its operation, as they name its parameters.
    const inline = JSON.stringify([requestBody, responses]).match(/"type":"object"/g) ?? [];
    expect([operationId, inline]).toEqual([operationId, []]);
    // A form behind another kind of body is asked for by its model, which is written for no form.
    const kinds = Object.keys(requestBody?.content ?? {});
    expect([operationId, kinds.indexOf("multipart/form-data")]).not.toContain(1);
  }
});
