type NumberFieldProps = Readonly<{
  id: string;
  label: string;
  value: string | number;
  range: Readonly<{ min: number; max?: number; step: number }>;
  placeholder?: string;
  disabled?: boolean;
  change: (typed: string) => void;
}>;

/** A number with its label. */
export function NumberField(props: NumberFieldProps) {
  const { id, label, value, range, placeholder = "", disabled = false, change } = props;
  return (
    <div>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        {...range}
        value={value}
        placeholder={placeholder}
        disabled={disabled}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </div>
  );
}
