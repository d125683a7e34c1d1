import { useState } from "preact/hooks";
import { FieldProblem } from "./field-problem.tsx";
import type { FormView } from "./form-view.ts";
import { textOf } from "./values.ts";

/** Style templates by name, with a filter; the chosen ones come first. Those of the server count until others are chosen. */
export function StylePicker({ form }: Readonly<{ form: FormView }>) {
  const { draft, change, choices, problems } = form;
  const [filter, setFilter] = useState("");
  const all = choices.lists["style_selections"] ?? [];
  const usual = choices.defaults["style_selections"];
  const picked = draft.styles ?? (Array.isArray(usual) ? usual.map(textOf) : []);
  const wanted = filter.trim().toLowerCase();
  const rest = all.filter((name) => !picked.includes(name) && name.toLowerCase().includes(wanted));
  const choose = (styles: readonly string[] | null) => change({ styles });
  const toggle = (name: string) =>
    choose(picked.includes(name) ? picked.filter((one) => one !== name) : [...picked, name]);
  const problem = problems.get("style_selections");
  return (
    <details class="styles" open={problem !== undefined || undefined}>
      <summary>
        Styles: <span class="hint">{picked.length === 0 ? "none" : picked.join(", ")}</span>
      </summary>
      <div class="inside">
        <div class="row">
          <button
            type="button"
            class="small"
            aria-pressed={draft.styles === null}
            onClick={() => choose(null)}
          >
            Defaults
          </button>
          <button
            type="button"
            class="small"
            aria-pressed={draft.styles?.length === 0}
            onClick={() => choose([])}
          >
            None
          </button>
        </div>
        <FieldProblem id="styles" text={problem} />
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
