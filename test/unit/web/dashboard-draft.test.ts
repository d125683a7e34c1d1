import { expect, test } from "bun:test";
import { noChoices } from "#/web/dashboard/choices.ts";
import { draftOf, emptyDraft, modeName, requestOf } from "#/web/dashboard/draft.ts";
import { emptySource } from "#/web/dashboard/source/source-draft.ts";
import { sourceOfRecord } from "#/web/dashboard/source/source-of-record.ts";
import { sourceRequest } from "#/web/dashboard/source/source-request.ts";
import type { TaskRecord } from "#/web/dashboard/wire.ts";

const record = (req_params: Readonly<Record<string, unknown>>): TaskRecord => ({
  task_id: "a",
  task_status: "finished",
  progress: 100,
  preview: null,
  start_mills: 1,
  finish_mills: 2,
  warnings: [],
  result: [],
  req_params,
});

const defaults = {
  base_model_name: "own.safetensors",
  guidance_scale: 4,
  clip_skip: 2,
  prompt: "",
  performance_selection: "Speed",
  loras: [],
};

test("who takes a picture's settings gets its model and LoRAs too, and nothing that is the server's own", () => {
  const draft = draftOf(
    {
      prompt: "a cat",
      aspect_ratios_selection: "320×192",
      image_seed: "9223372036854775807",
      base_model_name: "other.safetensors",
      guidance_scale: 4,
      loras: [true, "neon.safetensors", 0.5, true, "None", 1, false, "b.safetensors", 1],
      webhook_url: "http://a.example/",
      unheard_of: 7,
    },
    defaults,
  );
  expect(draft.settings).toEqual({ base_model_name: "other.safetensors" });
  expect(requestOf(draft)).toEqual({
    prompt: "a cat",
    aspect_ratios_selection: "320*192",
    image_seed: "9223372036854775807",
    image_number: 1,
    performance_selection: "Speed",
    base_model_name: "other.safetensors",
    loras: [
      { enabled: true, model_name: "neon.safetensors", weight: 0.5 },
      { enabled: false, model_name: "b.safetensors", weight: 1 },
    ],
  });
});

test("a picture without LoRAs says so where the server has some of its own", () => {
  const own = { loras: [{ enabled: true, model_name: "a.safetensors", weight: 1 }] };
  const loras = (said: unknown) => draftOf({ loras: said }, own).loras;
  expect(loras([true, "None", 1])).toEqual([]);
  expect(loras([true, "a.safetensors", 1, true, "None", 1])).toBeNull();
  expect(loras(own.loras)).toBeNull();
  expect(loras([{ enabled: false, model_name: "a.safetensors", weight: 1 }])).toHaveLength(1);
});

test("a quick mode is offered where it is there, a preset's own where one is chosen", () => {
  const mode = (lacks: string) => ({ steps: 4, sets: {}, lacks });
  const choices = (lacks: string) => ({ ...noChoices, modes: { Lightning: mode(lacks) }, defaults });
  expect(modeName(emptyDraft, choices(""))).toBe("Lightning");
  expect(modeName(emptyDraft, choices("no LoRA"))).toBe("Speed");
  expect(modeName({ ...emptyDraft, settings: { preset: "anime" } }, choices(""))).toBe("Speed");
  expect(modeName({ ...emptyDraft, performance: "Quality" }, choices(""))).toBe("Quality");
});

test("a number is sent as a number, and what is none as it was typed, for the server to judge", () => {
  const settings = { guidance_scale: { typed: "7.50" }, sharpness: { typed: "1e" } };
  expect(requestOf({ ...emptyDraft, settings })).toMatchObject({ guidance_scale: 7.5, sharpness: "1e" });
});

const address = "http://127.0.0.1:7866/inputs/a.png";
const picture = { name: "a.png", width: 100, height: 80, shown: "", sent: { address } };

test("a picture to vary or enlarge is sent with what its method needs, by its address", async () => {
  const draft = { ...emptySource, picture, varyStrength: "0.3", upscaleStrength: "0.2", multiple: 2.2 };
  expect(await sourceRequest({ ...draft, method: "Vary (Strong)" })).toEqual({
    current_tab: "uov",
    uov_input_image: address,
    uov_method: "Vary (Strong)",
    overwrite_vary_strength: 0.3,
  });
  expect(await sourceRequest({ ...draft, method: "Upscale (Custom)" })).toEqual({
    current_tab: "uov",
    uov_input_image: address,
    uov_method: "Upscale (Custom)",
    upscale_multiple: 2.2,
    overwrite_upscale_strength: 0.2,
  });
  expect(await sourceRequest({ ...draft, method: "Disabled" })).toEqual({});
  expect(await sourceRequest(emptySource)).toEqual({});
});

test("sides are sent in the contract's order; nothing painted and no side is said", async () => {
  const draft = { ...emptySource, picture, tab: "inpaint" as const, grow: -3, additional: "a hat" };
  const extensions = { Left: null, Top: "12", Right: "", Bottom: null };
  expect(await sourceRequest({ ...draft, extensions })).toEqual({
    current_tab: "inpaint",
    inpaint_input_image: address,
    outpaint_selections: ["Top", "Right"],
    outpaint_distance: [0, 12, 0, 0],
    inpaint_strength: 1,
    inpaint_respective_field: 0.618,
    inpaint_additional_prompt: "a hat",
    inpaint_erode_or_dilate: -3,
  });
  expect(sourceRequest(draft)).rejects.toThrow("Paint over");
});

test("what a task was made of comes back into the form", () => {
  const of = (params: Readonly<Record<string, unknown>>) => sourceOfRecord(record(params));
  expect(of({ uov_input_image: "", uov_method: "Disabled" })).toBeUndefined();
  expect(of({ uov_input_image: address, uov_method: "Disabled" })).toBeUndefined();
  expect(
    of({
      uov_input_image: address,
      uov_method: "Vary (Subtle)",
      overwrite_vary_strength: 0.3,
      inpaint_input_image: "",
    }),
  ).toMatchObject({
    address,
    mask: undefined,
    fields: { tab: "uov", method: "Vary (Subtle)", varyStrength: "0.3" },
  });
  expect(
    of({
      uov_input_image: "",
      uov_method: "Disabled",
      inpaint_input_image: address,
      inpaint_mask_image_upload: `${address}?mask`,
      outpaint_selections: ["Left"],
      outpaint_distance: [9, 0, 0, 0],
      inpaint_engine: "None",
      inpaint_respective_field: 0,
    }),
  ).toMatchObject({
    address,
    mask: `${address}?mask`,
    fields: { tab: "inpaint", engine: "None", field: 0, extensions: { Left: "9", Top: null } },
  });
});
