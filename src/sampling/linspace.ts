/**
 * Equally spaced float32 values including both ends, as torch spaces them: the first half counted from the start, the
 * second from the end.
 */
export function linspace(from: number, to: number, count: number): number[] {
  const [first, last] = [Math.fround(from), Math.fround(to)];
  if (count === 1) return [first];
  const step = Math.fround(Math.fround(last - first) / (count - 1));
  return Array.from({ length: count }, (_, i) =>
    Math.fround(i < Math.floor(count / 2) ? first + step * i : last - step * (count - 1 - i)),
  );
}
