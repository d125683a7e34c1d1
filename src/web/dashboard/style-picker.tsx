import { useState } from "preact/hooks";

type StylePickerProps = Readonly<{
  all: readonly string[];
  chosen: readonly string[] | null;
  choose: (chosen: readonly string[] | null) => void;
}>;

/** Style templates by name, with a filter; the chosen ones come first. */
export function StylePicker({ all, chosen, choose }: StylePickerProps) {
  const [filter, setFilter] = useState("");
  const picked = chosen ?? [];
  const wanted = filter.trim().toLowerCase();
  const rest = all.filter((name) => !picked.includes(name) && name.toLowerCase().includes(wanted));
  const toggle = (name: string) =>
    choose(picked.includes(name) ? picked.filter((one) => one !== name) : [...picked, name]);
  const summary =
    chosen === null ? "the server's defaults" : chosen.length === 0 ? "none" : chosen.join(", ");
  return (
    <details class="styles">
      <summary>
        Styles: <span class="hint">{summary}</span>
      </summary>
      <div class="inside">
        <div class="row">
          <button type="button" class="small" aria-pressed={chosen === null} onClick={() => choose(null)}>
            Defaults
          </button>
          <button type="button" class="small" aria-pressed={chosen?.length === 0} onClick={() => choose([])}>
            None
          </button>
        </div>
        <input
          type="search"
          aria-label="Find a style"
          placeholder={`Find among ${all.length}`}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <fieldset class="choices">
          <legend class="hidden">Styles</legend>
          {[...picked, ...rest].map((name) => (
            <label key={name}>
              <input type="checkbox" checked={picked.includes(name)} onChange={() => toggle(name)} />
              {name}
            </label>
          ))}
        </fieldset>
      </div>
    </details>
  );
}
