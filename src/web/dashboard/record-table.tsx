import { sides } from "./source/source-draft.ts";
import { sourceOfRecord } from "./source/source-of-record.ts";
import { textOf } from "./values.ts";
import { type TaskRecord } from "./wire.ts";

const rows: readonly (readonly [string, string])[] = [
  ["Leave out", "negative_prompt"],
  ["Seed", "image_seed"],
  ["Performance", "performance_selection"],
  ["Size", "aspect_ratios_selection"],
  ["Styles", "style_selections"],
  ["Model", "base_model_name"],
  ["Guidance", "guidance_scale"],
  ["Sampler", "sampler_name"],
  ["Schedule", "scheduler_name"],
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

/** How a picture was made, as a list of names and values. */
export function RecordTable({ record }: Readonly<{ record: TaskRecord }>) {
  return (
    <dl>
      <Row label="Method" value={methodOf(record)} />
      {rows.map(([label, key]) => (
        <Row key={key} label={label} value={valueOf(record.req_params[key])} />
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

function valueOf(value: unknown): string {
  return Array.isArray(value) ? value.map(textOf).join(", ") : textOf(value);
}

function tookOf({ start_mills: start, finish_mills: finish }: TaskRecord): string {
  return start === null || finish === null ? "" : `${((finish - start) / 1000).toFixed(1)} s`;
}
