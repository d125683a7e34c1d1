/**
 * The name that was probably meant: the nearest of a list, if a slip or two away (a letter too many, too few, another,
 * or two swapped; the optimal string alignment distance of Damerau 1964).
 *
 * @returns undefined where nothing is near; also for a name that is in the list
 */
export function meantName(written: string, names: readonly string[]): string | undefined {
  const most = written.length < 5 ? 1 : written.length < 10 ? 2 : 3;
  let best: Readonly<{ name: string; slips: number }> | undefined;
  for (const name of names) {
    if (Math.abs(name.length - written.length) > most) continue;
    const slips = slipsBetween(written.toLowerCase(), name.toLowerCase());
    if (slips <= most && (best === undefined || slips < best.slips)) best = { name, slips };
  }
  return best === undefined || best.name === written ? undefined : best.name;
}

function slipsBetween(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const other = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + other);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
