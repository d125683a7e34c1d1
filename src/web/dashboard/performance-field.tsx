import { modeName } from "./draft.ts";
import { FieldProblem, toldOf } from "./field-problem.tsx";
import type { FormView } from "./form-view.ts";

/** One button a performance mode. */
export function PerformanceField({ form }: Readonly<{ form: FormView }>) {
  const { draft, change, choices, problems } = form;
  const chosen = modeName(draft, choices);
  const names = choices.lists["performance_selection"] ?? [];
  const problem = problems.get("performance_selection");
  const lacks = choices.modes[chosen]?.lacks ?? "";
  return (
    <fieldset>
      <legend>Performance</legend>
      <div class="segments">
        {names.map((name) => (
          <label key={name}>
            <input
              type="radio"
              name="performance"
              checked={name === chosen}
              {...toldOf("performance", problem)}
              onChange={() => change({ performance: name })}
            />
            {name}
          </label>
        ))}
      </div>
      <FieldProblem id="performance" text={problem} />
      {lacks === "" || problem !== undefined ? null : <p class="hint">{lacks}</p>}
    </fieldset>
  );
}
