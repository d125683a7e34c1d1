/**
 * The value below which `percent` of the values lie, linear between neighbours, as numpy's `percentile` of float32: the
 * result is float64.
 *
 * @param sorted the values in order, at least one
 */
export function percentile(sorted: Float32Array, percent: number): number {
  if (sorted.length === 0) throw new RangeError("no values have a percentile");
  const place = (sorted.length - 1) * (percent / 100);
  const index = Math.floor(place);
  const [below, above] = [sorted[index]!, sorted[Math.min(index + 1, sorted.length - 1)]!];
  const [distance, part] = [Math.fround(above - below), place - index];
  return part < 0.5 ? below + distance * part : above - distance * (1 - part);
}
