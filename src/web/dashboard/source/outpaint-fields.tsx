import { type Extensions, type Side, sides } from "./source-draft.ts";

type OutpaintFieldsProps = Readonly<{ extensions: Extensions; change: (extensions: Extensions) => void }>;

/** The sides by which the picture is extended, each with its pixels; empty for 30 %. */
export function OutpaintFields({ extensions, change }: OutpaintFieldsProps) {
  const set = (side: Side, value: string | null) => change({ ...extensions, [side]: value });
  return (
    <fieldset>
      <legend>Extend</legend>
      <div class="sides">
        {sides.map((side) => (
          <div key={side} class="side">
            <label>
              <input
                type="checkbox"
                checked={extensions[side] !== null}
                onChange={(event) => set(side, event.currentTarget.checked ? "" : null)}
              />
              {side}
            </label>
            <input
              type="number"
              min={1}
              step={1}
              aria-label={`${side}, pixels`}
              placeholder="30 %"
              value={extensions[side] ?? ""}
              disabled={extensions[side] === null}
              onInput={(event) => set(side, event.currentTarget.value)}
            />
          </div>
        ))}
      </div>
    </fieldset>
  );
}
