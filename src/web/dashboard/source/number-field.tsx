type NumberFieldProps = Readonly<{
  id: string;
  label: string;
  value: number;
  range: Readonly<{ min: number; max: number; step: number }>;
  disabled?: boolean;
  change: (value: number) => void;
}>;

/** A number with its label. While it is emptied to be typed anew it keeps what it had. */
export function NumberField({ id, label, value, range, disabled = false, change }: NumberFieldProps) {
  return (
    <div>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        {...range}
        value={value}
        disabled={disabled}
        onInput={({ currentTarget }) => currentTarget.value !== "" && change(Number(currentTarget.value))}
        onBlur={(event) => {
          event.currentTarget.value = String(value);
        }}
      />
    </div>
  );
}
