import { FieldProblem, toldOf } from "./field-problem.tsx";
import { boundsOf, type FormView } from "./form-view.ts";

/** How many pictures, and from which seed; an empty one is random. */
export function NumberFields({ form }: Readonly<{ form: FormView }>) {
  const { draft, change, problems } = form;
  const [count, seed] = [problems.get("image_number"), problems.get("image_seed")];
  return (
    <div class="pair">
      <div>
        <label for="count">Pictures</label>
        <input
          id="count"
          type="number"
          {...boundsOf(form, "image_number")}
          value={draft.count}
          {...toldOf("count", count)}
          // An emptied field is being typed in: it keeps what it had until there is a number again.
          onInput={({ currentTarget: { value } }) => value !== "" && change({ count: Number(value) })}
          onBlur={(event) => {
            event.currentTarget.value = String(draft.count);
          }}
        />
        <FieldProblem id="count" text={count} />
      </div>
      <div>
        <label for="seed">Seed</label>
        <input
          id="seed"
          inputMode="numeric"
          placeholder="random"
          value={draft.seed}
          {...toldOf("seed", seed)}
          onInput={(event) => change({ seed: event.currentTarget.value })}
        />
        <FieldProblem id="seed" text={seed} />
      </div>
    </div>
  );
}
