import type { GenerateRequest } from "#/api/generate.ts";
import { isJsonObject, type Json, type JsonObject } from "#/api/json.ts";
import { RequestError } from "#/lib/errors.ts";
import { type ControlKind, controlOf } from "./control-kinds.ts";
import { isOff } from "./is-off.ts";
import { unitWarnings } from "./unit-warnings.ts";

type Slot = NonNullable<GenerateRequest["controlnet_image"]>[number];

/** What units ask of a request, and what must be told of them. */
export type Guiding = Readonly<{ request: GenerateRequest; warnings: readonly string[] }>;

const most = 16;

/**
 * ControlNet's units as control images.
 *
 * @param units   as `alwayson_scripts.controlnet.args` has them
 * @param initial the picture of img2img, for units that bring none
 * @throws RequestError naming the unit, for what is not here
 */
export function readUnits(units: readonly Json[], initial: string | undefined): Guiding {
  const used = units.flatMap((unit, at) => {
    if (unit === null || isOff(unit) || (isJsonObject(unit) && isOff(unit["enabled"]))) return [];
    if (!isJsonObject(unit)) throw wrong(at, "is to be an object");
    const isEmpty = isNone(unit["module"]) && isNone(unit["model"]) && pictureOf(unit) === undefined;
    return isEmpty ? [] : [{ at, unit, control: controlOf(unit, (why) => wrong(at, why)) }];
  });
  if (used.length === 0) return { request: {}, warnings: [] };
  if (used.length > most) throw wrong(most, `is one too many: ${most} are taken`);
  const slots = used.map(({ at, unit, control }) => slotOf(unit, at, control.type, initial));
  return {
    request: {
      controlnet_image: slots,
      skipping_cn_preprocessor: preparing(used),
      ...thresholds(used),
    },
    warnings: used.flatMap(({ at, unit, control }) => unitWarnings(unit, at, control)),
  };
}

type Used = Readonly<{ at: number; unit: JsonObject; control: ControlKind }>;

function slotOf(unit: JsonObject, at: number, cn_type: Slot["cn_type"], initial: string | undefined): Slot {
  const cn_img = pictureOf(unit) ?? initial;
  if (cn_img === undefined) throw wrong(at, "brings no picture");
  return {
    cn_img,
    cn_type,
    cn_weight: numberOf(unit, "weight", at, { fallback: 1, least: 0, most: 2 }),
    cn_stop: numberOf(unit, "guidance_end", at, { fallback: 1, least: 0, most: 1 }),
  };
}

/** Whether the pictures are edges or structures already: one word counts for all units. */
function preparing(used: readonly Used[]): boolean {
  const [first, ...others] = used.filter(({ control }) => control.prepared !== undefined);
  const other = others.find(({ control }) => control.prepared !== first?.control.prepared);
  if (other !== undefined)
    throw wrong(
      other.at,
      "has a module and another unit has none: pictures are prepared here for all units or none",
    );
  return first?.control.prepared === true;
}

function thresholds(used: readonly Used[]): GenerateRequest {
  const edges = used.filter(({ control }) => control.type === "PyraCanny" && control.prepared !== true);
  const said = edges.map(({ at, unit }) => ({
    at,
    low: threshold(unit, "threshold_a", at, 100),
    high: threshold(unit, "threshold_b", at, 200),
  }));
  const [first, ...others] = said;
  if (first === undefined) return {};
  const other = others.find(({ low, high }) => low !== first.low || high !== first.high);
  if (other !== undefined)
    throw wrong(other.at, "has other thresholds than another unit: here they are one for all");
  return { canny_low_threshold: first.low, canny_high_threshold: first.high };
}

/** Below 0 is the module's own. */
function threshold(unit: JsonObject, name: string, at: number, own: number): number {
  const said = numberOf(unit, name, at, { fallback: own, least: -1, most: 255 });
  return said < 0 ? own : Math.max(1, Math.round(said));
}

type Range = Readonly<{ fallback: number; least: number; most: number }>;

function numberOf(unit: JsonObject, name: string, at: number, { fallback, least, most: top }: Range): number {
  const said = unit[name] ?? fallback;
  const number = typeof said === "string" && said.trim() !== "" ? Number(said) : said;
  if (typeof number === "number" && number >= least && number <= top) return number;
  throw wrong(at, `has a ${name} that is not taken: ${least} to ${top} is`);
}

/** The picture of a unit under any of its names. */
function pictureOf(unit: JsonObject): string | undefined {
  for (const name of ["image", "input_image", "image_fg"]) {
    const value = unit[name] ?? null;
    const said = isJsonObject(value) ? value["image"] : value;
    if (typeof said === "string" && said !== "") return said;
  }
  return undefined;
}

const isNone = (value: Json | undefined): boolean =>
  value === undefined || value === null || (typeof value === "string" && /^(none)?$/i.test(value.trim()));

const wrong = (at: number, why: string): RequestError =>
  new RequestError("invalid-value", `ControlNet unit ${at + 1} ${why}.`, {
    field: `alwayson_scripts.controlnet.args.${at}`,
  });
