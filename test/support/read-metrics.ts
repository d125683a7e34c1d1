/** The value of a measure on a page of Prometheus' text format: of the first line of that name with these labels, or NaN. */
export type MetricsReader = (name: string, labels?: Readonly<Record<string, string>>) => number;

/** @throws Error for a page with a line that is none of the format */
export function readMetrics(page: string): MetricsReader {
  const lines = page
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("# "))
    .map((line) => {
      const [, name, labels = "", value] =
        /^([a-zA-Z_:][\w:]*)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\})? (NaN|[+-]?(?:Inf|[\d.e+-]+))$/.exec(
          line,
        ) ?? [];
      if (name === undefined) throw new Error(`not a measure: ${line}`);
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
  return (name, labels = {}) =>
    lines.find(
      (line) =>
        line.name === name && Object.entries(labels).every(([key, text]) => line.labels[key] === text),
    )?.value ?? Number.NaN;
}
