const performances = ["Quality", "Speed", "Extreme Speed", "Lightning", "Hyper-SD"];

/** One button a performance mode. */
export function PerformanceField({
  value,
  change,
}: Readonly<{ value: string; change: (value: string) => void }>) {
  return (
    <fieldset>
      <legend>Performance</legend>
      <div class="segments">
        {performances.map((name) => (
          <label key={name}>
            <input type="radio" name="performance" checked={name === value} onChange={() => change(name)} />
            {name}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
