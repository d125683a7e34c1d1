import { useEffect, useRef } from "preact/hooks";
import { failureOf, type Tile } from "./gallery.tsx";
import { Picture } from "./picture.tsx";
import type { Server } from "./server.ts";
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

type DetailProps = Readonly<{
  tile: Tile;
  server: Server;
  move: (by: -1 | 1) => void;
  reuse: (record: TaskRecord) => void;
  close: () => void;
}>;

/** A picture large, with how it was made. Arrow keys walk through the gallery, Escape closes. */
export function Detail({ tile, server, move, reuse, close }: DetailProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const keys = (event: KeyboardEvent) => {
    if (event.key === "ArrowLeft") move(-1);
    if (event.key === "ArrowRight") move(1);
  };
  const { record, url } = tile;
  const params = record.req_params;
  const prompt = textOf(params["prompt"]) || "No prompt";
  return (
    <dialog
      ref={dialog}
      aria-label={prompt}
      onClose={close}
      onKeyDown={keys}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="detail">
        <div class="canvas">
          {url === undefined ? (
            <span>{failureOf(record)}</span>
          ) : (
            <Picture src={url} alt={prompt} server={server} />
          )}
        </div>
        <div class="text">
          <p class="prompt">{prompt}</p>
          <dl>
            {rows.map(([label, key]) => (
              <Row key={key} label={label} value={valueOf(params[key])} />
            ))}
            <Row label="Took" value={tookOf(record)} />
            <Row label="Status" value={record.task_status ?? ""} />
            <Row label="Note" value={record.warnings.join(" ")} />
          </dl>
          <div class="row">
            <button type="button" class="small" onClick={() => reuse(record)}>
              Use these settings
            </button>
            {url === undefined ? null : (
              <a href={url} target="_blank" rel="noreferrer">
                Open file
              </a>
            )}
            <button type="button" class="small" onClick={close}>
              Close
            </button>
          </div>
          <details>
            <summary>All values</summary>
            <pre>{JSON.stringify(params, null, 1)}</pre>
          </details>
        </div>
      </div>
    </dialog>
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
