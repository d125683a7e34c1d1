import { recommendedControl } from "#/api/recommended-control.ts";
import { isObject, textOf } from "../values.ts";
import type { TaskRecord } from "../wire.ts";
import { type ControlDraft, controlTypes, emptyControl, emptySlot, type SlotDraft } from "./control-draft.ts";

/** A place of a record's control images: the picture's address, if it has one, and the form's other values. */
export type RecordedSlot = Readonly<{ address: string | undefined; slot: SlotDraft }>;

/** What guided a task, by its record, place by place; what is as recommended for its type goes on following it. */
export const slotsOfRecord = ({ req_params: params }: TaskRecord): readonly RecordedSlot[] =>
  slotsOfParams(params);

/** The same of the fields of a record or a request. */
export function slotsOfParams(params: TaskRecord["req_params"]): readonly RecordedSlot[] {
  const list: readonly unknown[] = Array.isArray(params["controlnet_image"])
    ? params["controlnet_image"]
    : [];
  const slots = list.map(slotOf);
  const last = slots.findLastIndex(({ address }) => address !== undefined);
  const length = Math.max(emptyControl.slots.length, last + 1);
  return Array.from({ length }, (_, at) => slots[at] ?? slotOf(undefined));
}

function slotOf(said: unknown): RecordedSlot {
  const address = isObject(said) ? textOf(said["cn_img"]) : "";
  if (!isObject(said) || !address.startsWith("http")) return { address: undefined, slot: emptySlot };
  const type = controlTypes.find(([name]) => name === said["cn_type"])?.[0] ?? emptySlot.type;
  const own = (value: unknown, usual: number): number | null =>
    typeof value === "number" && value !== usual ? value : null;
  const { stop, weight } = recommendedControl[type];
  return {
    address,
    slot: { ...emptySlot, type, stop: own(said["cn_stop"], stop), weight: own(said["cn_weight"], weight) },
  };
}

/** What the fields of a record or a request say of control images besides them. */
export function optionsOfParams(params: TaskRecord["req_params"]): Omit<ControlDraft, "slots" | "open"> {
  const number = (key: string, otherwise: number): number =>
    typeof params[key] === "number" ? params[key] : otherwise;
  return {
    mixVary: params["mixing_image_prompt_and_vary_upscale"] === true,
    mixInpaint: params["mixing_image_prompt_and_inpaint"] === true,
    skip: params["skipping_cn_preprocessor"] === true,
    cannyLow: number("canny_low_threshold", emptyControl.cannyLow),
    cannyHigh: number("canny_high_threshold", emptyControl.cannyHigh),
    softness: number("controlnet_softness", emptyControl.softness),
  };
}
