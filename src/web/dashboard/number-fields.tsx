import type { Draft } from "./draft.ts";

type NumberFieldsProps = Pick<Draft, "count" | "seed"> & Readonly<{ change: (part: Partial<Draft>) => void }>;

/** How many pictures, and from which seed; an empty one is random. */
export function NumberFields({ count, seed, change }: NumberFieldsProps) {
  return (
    <div class="pair">
      <div>
        <label for="count">Pictures</label>
        <input
          id="count"
          type="number"
          min={1}
          max={32}
          value={count}
          // An emptied field is being typed in: it keeps what it had until there is a number again.
          onInput={({ currentTarget: { value } }) => value !== "" && change({ count: Number(value) })}
          onBlur={(event) => {
            event.currentTarget.value = String(count);
          }}
        />
      </div>
      <div>
        <label for="seed">Seed</label>
        <input
          id="seed"
          inputMode="numeric"
          pattern="-?[0-9]*"
          placeholder="random"
          value={seed}
          onInput={(event) => change({ seed: event.currentTarget.value })}
        />
      </div>
    </div>
  );
}
