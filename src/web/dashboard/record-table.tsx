import type { Choices } from "./choices.ts";
import { strengthsOf } from "./control/control-draft.ts";
import { slotsOfRecord } from "./control/control-of-record.ts";
import { lorasOf } from "./settings/lora-draft.ts";
import { sides } from "./source/source-draft.ts";
import { sourceOfRecord } from "./source/source-of-record.ts";
import type { Size } from "./source/view.ts";
import { textOf } from "./values.ts";
import { type TaskRecord } from "./wire.ts";

const rows: readonly (readonly [string, string])[] = [
  ["Negative prompt", "negative_prompt"],
  ["Seed", "image_seed"],
  ["Performance", "performance_selection"],
  ["Size", "aspect_ratios_selection"],
  ["Styles", "style_selections"],
  ["Model", "base_model_name"],
  ["LoRAs", "loras"],
  ["Guidance", "guidance_scale"],
  ["Sharpness", "sharpness"],
  ["Sampler", "sampler_name"],
  ["Schedule", "scheduler_name"],
  ["Precision", "precision"],
];

/** What was done with the picture that it was made of, if there was one. */
function methodOf(record: TaskRecord): string {
  const source = sourceOfRecord(record);
  if (source === undefined) return "";
  const { tab, method = "", extensions } = source.fields;
  if (tab === "uov") return method;
  const extended = sides.filter((side) => extensions[side] !== null);
  const parts = [
    source.mask === undefined ? "" : "Inpaint",
    ...extended.map((side) => `Extend ${side.toLowerCase()}`),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** The kinds of its control images, each with where it stopped and its weight. */
function guidesOf(record: TaskRecord): string {
  return slotsOfRecord(record)
    .filter(({ address }) => address !== undefined)
    .map(({ slot }) => `${slot.type} (${Object.values(strengthsOf(slot)).join(", ")})`)
    .join(", ");
}

type RecordTableProps = Readonly<{
  record: TaskRecord;
  modes: Choices["modes"];
  /** The picture's own size, once it is known. */
  size: Size | undefined;
}>;

/** How a picture was made, as a list of names and values. */
export function RecordTable({ record, modes, size }: RecordTableProps) {
  const params = { ...record.req_params, ...modes[textOf(record.req_params["performance_selection"])]?.sets };
  return (
    <dl>
      <Row label="Method" value={methodOf(record)} />
      <Row label="Guided by" value={guidesOf(record)} />
      <Row label="What should be there" value={sourceOfRecord(record)?.fields.additional ?? ""} />
      {rows.map(([label, key]) => (
        <Row
          key={key}
          label={label}
          value={
            key === "aspect_ratios_selection"
              ? sizeOf(record, size)
              : key === "loras"
                ? lorasIn(params)
                : valueOf(params[key])
          }
        />
      ))}
      <Row label="Took" value={tookOf(record)} />
      <Row label="Status" value={record.task_status ?? ""} />
    </dl>
  );
}

function Row({ label, value }: Readonly<{ label: string; value: string }>) {
  if (value === "") return null;
  return (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  );
}

/** The LoRAs that took part, each with its weight. */
const lorasIn = ({ loras }: TaskRecord["req_params"]): string =>
  lorasOf(loras)
    .filter(({ enabled }) => enabled)
    .map(({ name, weight }) => `${name} ${weight}`)
    .join(", ");

function valueOf(value: unknown): string {
  return Array.isArray(value) ? value.map(textOf).join(", ") : textOf(value);
}

/** What was asked for is the size of a picture only where it was made from its prompt alone. */
function sizeOf(record: TaskRecord, size: Size | undefined): string {
  if (size !== undefined) return `${size.width}×${size.height}`;
  return sourceOfRecord(record) === undefined ? valueOf(record.req_params["aspect_ratios_selection"]) : "";
}

function tookOf({ start_mills: start, finish_mills: finish }: TaskRecord): string {
  return start === null || finish === null ? "" : `${((finish - start) / 1000).toFixed(1)} s`;
}
