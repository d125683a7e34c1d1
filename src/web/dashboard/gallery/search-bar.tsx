import { useEffect, useState } from "preact/hooks";
import { type Server } from "../server.ts";
import { useFocusKey } from "../use-page-key.ts";
import { type Filter, isFiltered, noFilter, type UsedNames, usedNames } from "./found.ts";
import { StarIcon } from "./icons.tsx";

type SearchProps = Readonly<{ server: Server; filter: Filter; search: (part: Partial<Filter>) => void }>;

/** What is looked for: words at once, the rest behind a button. */
export function SearchBar({ server, filter, search }: SearchProps) {
  const [open, setOpen] = useState(false);
  useFocusKey("/", "search");
  const further = [filter.model, filter.style, filter.from, filter.to].filter((one) => one !== "").length;
  return (
    <div role="search" aria-label="Search" class="search">
      <div class="row">
        <input
          id="search"
          type="search"
          placeholder="Search by words"
          aria-label="Search pictures"
          value={filter.prompt}
          onInput={(event) => search({ prompt: event.currentTarget.value })}
          onKeyDown={(event) => event.key === "Escape" && search({ prompt: "" })}
        />
        <button
          type="button"
          class="star"
          aria-pressed={filter.starred}
          aria-label="Only starred"
          title="Only starred"
          onClick={() => search({ starred: !filter.starred })}
        >
          <StarIcon />
        </button>
        <button type="button" aria-expanded={open} aria-controls="filter" onClick={() => setOpen(!open)}>
          Filter{further === 0 ? "" : ` (${further})`}
        </button>
        {isFiltered(filter) ? (
          <button type="button" onClick={() => search(noFilter)}>
            Show all
          </button>
        ) : null}
      </div>
      <div id="filter" hidden={!open}>
        {open ? <Further {...{ server, filter, search }} /> : null}
      </div>
    </div>
  );
}

function Further({ server, filter, search }: SearchProps) {
  const [names, setNames] = useState<UsedNames>({ models: [], styles: [] });
  useEffect(() => {
    usedNames(server).then(setNames, () => undefined);
  }, [server]);
  return (
    <div class="further">
      <Choice label="Model" value={filter.model} names={names.models} choose={(model) => search({ model })} />
      <Choice label="Style" value={filter.style} names={names.styles} choose={(style) => search({ style })} />
      <Day label="From" value={filter.from} choose={(from) => search({ from })} />
      <Day label="To" value={filter.to} choose={(to) => search({ to })} />
    </div>
  );
}

type FieldProps = Readonly<{ label: string; value: string; choose: (value: string) => void }>;

function Choice({ label, value, names, choose }: FieldProps & Readonly<{ names: readonly string[] }>) {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">Any</option>
        {[...new Set([...(value === "" ? [] : [value]), ...names])].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Day({ label, value, choose }: FieldProps) {
  return (
    <label>
      {label}
      <input type="date" value={value} onChange={(event) => choose(event.currentTarget.value)} />
    </label>
  );
}
