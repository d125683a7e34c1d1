import { NumberField } from "./number-field.tsx";
import { methods, type SourceDraft } from "./source-draft.ts";
import { StrengthField } from "./strength-field.tsx";

type VaryFieldsProps = Readonly<{ draft: SourceDraft; change: (part: Partial<SourceDraft>) => void }>;

/** What is done with a picture as a whole, and how strongly; an empty strength is the method's own. */
export function VaryFields({ draft, change }: VaryFieldsProps) {
  const { picture, method, multiple, varyStrength, upscaleStrength } = draft;
  return (
    <>
      <img class="shown" src={picture?.shown} alt={`To start from: ${picture?.name}`} />
      <fieldset>
        <legend>Method</legend>
        <div class="segments">
          {methods.map((name) => (
            <label key={name}>
              <input
                type="radio"
                name="method"
                checked={name === method}
                onChange={() => change({ method: name })}
              />
              {name}
            </label>
          ))}
        </div>
      </fieldset>
      <div class="pair">
        {method === "Upscale (Custom)" ? (
          <NumberField
            id="multiple"
            label="Factor"
            value={multiple}
            range={{ min: 1, max: 5, step: 0.01 }}
            change={(factor) => change({ multiple: factor })}
          />
        ) : null}
        {method.startsWith("Vary") ? (
          <StrengthField
            id="vary-strength"
            value={varyStrength}
            usual={method === "Vary (Subtle)" ? 0.5 : 0.85}
            change={(typed) => change({ varyStrength: typed })}
          />
        ) : null}
        {method.startsWith("Upscale") && !method.includes("Fast") ? (
          <StrengthField
            id="upscale-strength"
            value={upscaleStrength}
            usual={0.382}
            change={(typed) => change({ upscaleStrength: typed })}
          />
        ) : null}
      </div>
    </>
  );
}
