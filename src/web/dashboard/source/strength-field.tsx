type StrengthFieldProps = Readonly<{
  id: string;
  /** As typed; empty: the method's own. */
  value: string;
  usual: number;
  change: (typed: string) => void;
}>;

/** How much of a picture is drawn anew; left empty, as much as the method says. */
export function StrengthField({ id, value, usual, change }: StrengthFieldProps) {
  return (
    <div>
      <label for={id}>Strength</label>
      <input
        id={id}
        type="number"
        min={0.001}
        max={1}
        step={0.001}
        value={value}
        placeholder={`${usual}`}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </div>
  );
}
