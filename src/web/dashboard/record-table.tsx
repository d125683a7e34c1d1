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

/** How a picture was made, as a list of names and values. */
export function RecordTable({ record }: Readonly<{ record: TaskRecord }>) {
  return (
    <dl>
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
