import { useEffect, useRef, useState } from "preact/hooks";
import { Picture } from "../picture.tsx";
import type { Server } from "../server.ts";
import { textOf } from "../values.ts";
import type { TaskRecord } from "../wire.ts";
import type { GalleryTile } from "./tiles.ts";
import { useZoom } from "./use-zoom.ts";
import { ZoomTools } from "./zoom-tools.tsx";

type CompareProps = Readonly<{ server: Server; chosen: readonly GalleryTile[]; close: () => void }>;

/** Several pictures beside each other: moved and zoomed together, and below them what their requests say otherwise. */
export function CompareMany({ server, chosen, close }: CompareProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const records = useRecords(server, chosen);
  const zoom = useZoom();
  const shown = chosen.filter(({ picture }) => picture !== undefined);
  return (
    <dialog ref={dialog} class="full" aria-label="Compared pictures" onClose={close} onKeyDown={zoom.keys}>
      <div class="panes">
        {shown.map(({ key, picture, task }, at) => (
          <figure key={key} class="pane" {...zoom.handlers} {...(at === 0 ? { ref: zoom.place } : {})}>
            <div style={zoom.style}>
              <Picture src={picture?.url ?? ""} alt={task.prompt} server={server} measure={zoom.measure} />
            </div>
            <figcaption class="side-name left">{at + 1}</figcaption>
          </figure>
        ))}
      </div>
      <ZoomTools zoom={zoom} close={() => dialog.current?.close()} />
      <Differences records={shown.map(({ task }) => records.get(task.id))} />
    </dialog>
  );
}

function useRecords(server: Server, tiles: readonly GalleryTile[]): ReadonlyMap<string, TaskRecord> {
  const [records, setRecords] = useState<ReadonlyMap<string, TaskRecord>>(new Map());
  const ids = [...new Set(tiles.map(({ task }) => task.id))].join(" ");
  useEffect(() => {
    for (const id of ids.split(" "))
      server
        .record(id, 0)
        .then((record) => record && setRecords((before) => new Map([...before, [id, record]])))
        .catch(() => undefined);
  }, [server, ids]);
  return records;
}

/** What is not the same in all of them, field by field. */
function Differences({ records }: Readonly<{ records: readonly (TaskRecord | undefined)[] }>) {
  const known = records.flatMap((one) => one ?? []);
  if (known.length < records.length) return null;
  const valueOf = (record: TaskRecord, name: string): string => {
    const value = record.req_params[name];
    const isList = Array.isArray(value) && value.every((one) => typeof one === "string");
    return isList ? value.join(", ") : textOf(value) || JSON.stringify(value ?? "");
  };
  const names = [...new Set(known.flatMap(({ req_params: params }) => Object.keys(params)))].filter(
    (name) => new Set(known.map((record) => valueOf(record, name))).size > 1,
  );
  if (names.length === 0) return <p class="hint">All were asked for with the same values.</p>;
  return (
    <div class="differences" role="region" aria-label="Differences" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">What differs</th>
            {known.map((_, at) => (
              <th scope="col" key={at}>
                {at + 1}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {known.map((record, at) => (
                <td key={at}>{valueOf(record, name)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
