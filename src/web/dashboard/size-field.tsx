import { useState } from "preact/hooks";

const sizes = "256*256 320*192 192*320 512*512 768*768 1024*1024 1152*896 896*1152 1344*768 768*1344".split(
  " ",
);

/** A list of usual sizes, and two fields for any other. */
export function SizeField({ value, change }: Readonly<{ value: string; change: (value: string) => void }>) {
  const [custom, setCustom] = useState(false);
  const other = custom || (value !== "" && !sizes.includes(value));
  const [width = "512", height = "512"] = value.split("*").filter((part) => part !== "");
  const side = (label: string, now: string, set: (text: string) => string) => (
    <div>
      <label for={label}>{label}</label>
      <input
        id={label}
        type="number"
        min={64}
        step={8}
        value={now}
        onInput={(event) => change(set(event.currentTarget.value))}
      />
    </div>
  );
  const choose = (chosen: string) => {
    setCustom(chosen === "other");
    change(chosen === "other" ? `${width}*${height}` : chosen);
  };
  return (
    <div>
      <label for="size">Size</label>
      <select
        id="size"
        value={other ? "other" : value}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="">The model's own</option>
        {sizes.map((size) => (
          <option key={size} value={size}>
            {size.replace("*", " × ")}
          </option>
        ))}
        <option value="other">Other …</option>
      </select>
      {other ? (
        <div class="pair" style="margin-top:10px">
          {side("Width", width, (text) => `${text}*${height}`)}
          {side("Height", height, (text) => `${width}*${text}`)}
        </div>
      ) : null}
    </div>
  );
}
