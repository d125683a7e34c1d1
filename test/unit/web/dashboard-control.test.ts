import { expect, test } from "bun:test";
import {
  emptyControl,
  emptySlot,
  strengthsOf,
  withOptions,
  withSlot,
} from "#/web/dashboard/control/control-draft.ts";
import { optionsOfParams, slotsOfRecord } from "#/web/dashboard/control/control-of-record.ts";
import { controlRequest, keepsOut } from "#/web/dashboard/control/control-request.ts";
import { preparedBeside } from "#/web/dashboard/control/prepared-beside.ts";
import { slotProblems } from "#/web/dashboard/control/slot-problems.ts";
import { emptySource } from "#/web/dashboard/source/source-draft.ts";
import { sourceOfRecord } from "#/web/dashboard/source/source-of-record.ts";
import type { TaskRecord } from "#/web/dashboard/wire.ts";

const address = "http://127.0.0.1:7866/inputs/a.png";
const picture = { name: "a.png", width: 100, height: 80, shown: "", sent: { address } };
const canny = { ...emptySlot, picture, type: "PyraCanny" as const, weight: 1.5 };

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

test("a place keeps its number in a request, and what is at the server's default is left out", async () => {
  const draft = withSlot(emptyControl, 1, canny);
  const slot = { cn_img: address, cn_type: "PyraCanny", cn_stop: 0.5, cn_weight: 1.5 };
  expect(await controlRequest(emptyControl)).toEqual({});
  expect(await controlRequest(draft)).toEqual({ controlnet_image: [{ cn_img: null }, slot] });
  const two = withOptions(withSlot(draft, 3, { picture }), { softness: 0, skip: true, cannyLow: 10 });
  expect(await controlRequest(two, 1)).toEqual({
    skipping_cn_preprocessor: true,
    canny_low_threshold: 10,
    controlnet_softness: 0,
    controlnet_image: [{ cn_img: null }, slot],
  });
  expect((await controlRequest(two, 3))["controlnet_image"]).toEqual([
    { cn_img: null },
    { cn_img: null },
    { cn_img: null },
    { cn_img: address, cn_type: "ImagePrompt", cn_stop: 0.5, cn_weight: 0.6 },
  ]);
});

test("numbers follow the type unless they are somebody's own, also when they come back from a record", () => {
  expect(strengthsOf({ ...canny, type: "FaceSwap" })).toEqual({ stop: 0.9, weight: 1.5 });
  const slots = slotsOfRecord(
    record({
      controlnet_image: [
        { cn_img: "", cn_stop: 0.1, cn_weight: 0.1, cn_type: "CPDS" },
        { cn_img: address, cn_stop: 0.9, cn_weight: 0.2, cn_type: "FaceSwap" },
        { cn_img: address, cn_stop: null, cn_weight: 1, cn_type: "CPDS" },
      ],
    }),
  );
  expect(slots).toEqual([
    { address: undefined, slot: emptySlot },
    { address, slot: { ...emptySlot, type: "FaceSwap", weight: 0.2 } },
    { address, slot: { ...emptySlot, type: "CPDS" } },
    { address: undefined, slot: emptySlot },
  ]);
  expect(slotsOfRecord(record({})).every(({ address: one }) => one === undefined)).toBe(true);
  expect(optionsOfParams({ canny_high_threshold: 200, skipping_cn_preprocessor: true })).toEqual({
    mixVary: false,
    mixInpaint: false,
    skip: true,
    cannyLow: 64,
    cannyHigh: 200,
    softness: 0.25,
  });
});

test("what was prepared is forgotten with what it was prepared from", () => {
  const prepared = { kind: "ready", shown: "blob:a", warnings: [] } as const;
  const draft = withSlot(withSlot(emptyControl, 0, canny), 0, { prepared });
  const left = (changed: typeof draft) => changed.slots[0]?.prepared;
  expect(left(withSlot(draft, 0, { weight: 1 }))).toEqual(prepared);
  expect(left(withOptions(draft, { softness: 1 }))).toEqual(prepared);
  expect(left(withSlot(draft, 0, { type: "CPDS" }))).toBeUndefined();
  expect(left(withSlot(draft, 0, { picture: undefined }))).toBeUndefined();
  expect(left(withOptions(draft, { cannyLow: 1 }))).toBeUndefined();
});

test("a picture to start from is kept out unless it is mixed with control images, in the form and in a record", () => {
  const guided = withSlot(emptyControl, 0, canny);
  const source = { ...emptySource, picture };
  expect(keepsOut(emptyControl, source)).toBe(false);
  expect(keepsOut(guided, source)).toBe(true);
  expect(keepsOut(guided, { ...source, method: "Disabled" })).toBe(false);
  expect(keepsOut(guided, { ...source, tab: "enhance" })).toBe(false);
  expect(keepsOut({ ...guided, mixVary: true }, source)).toBe(false);
  expect(keepsOut({ ...guided, mixVary: true }, { ...source, tab: "inpaint" })).toBe(true);
  expect(keepsOut({ ...guided, mixInpaint: true }, { ...source, tab: "inpaint" })).toBe(false);
  const made = { current_tab: "ip", uov_input_image: address, uov_method: "Vary (Subtle)" };
  expect(sourceOfRecord(record(made))).toBeUndefined();
  expect(sourceOfRecord(record({ ...made, mixing_image_prompt_and_vary_upscale: true }))).toMatchObject({
    address,
  });
});

test("nothing is prepared beside a picture that is enlarged without a network", () => {
  const source = { ...emptySource, picture };
  expect(preparedBeside(source, 1024)).toBe(source);
  expect(preparedBeside({ ...source, method: "Upscale (Fast 2x)" }, 1024)).toBe(emptySource);
  expect(preparedBeside({ ...source, tab: "enhance" }, 1024)).toBe(emptySource);
});

test("complaints come to the places they are about", () => {
  const { at, others } = slotProblems([
    { field: "controlnet_image.2.cn_type", message: "CPDS needs a file." },
    { field: "controlnet_image.2.cn_stop", message: "Too large." },
    { field: "controlnet_image", message: "Too many." },
    { field: "image_number", message: "Too many." },
  ]);
  expect([...at]).toEqual([[2, "CPDS needs a file. Too large."]]);
  expect(others.map(({ field }) => field)).toEqual(["controlnet_image", "image_number"]);
});
