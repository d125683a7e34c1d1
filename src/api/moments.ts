/** A moment as somebody wrote it: milliseconds since 1970, and the first one that is no longer meant. */
export type Moment = Readonly<{ from: number; next: number }>;

const pattern =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,12}))?)?)?(Z|[+\- ]\d\d(?::?\d\d)?)?)?$/i;

/**
 * An ISO 8601 date with as much of a time as is given, `Z` or an offset; without a zone it is the server's time. A moment
 * without a fraction is its whole second, one with a fraction its millisecond. A blank stands for the plus of an offset,
 * since that is what an address makes of it.
 *
 * @returns undefined if it is none, or no day of any calendar
 */
export function readMoment(text: string): Moment | undefined {
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction, zone] =
    pattern.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const parts = [
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  ] as const;
  if (!exists(parts)) return undefined;
  const milliseconds = Number((fraction ?? "").padEnd(3, "0").slice(0, 3));
  const offset = zone === undefined ? undefined : offsetOf(zone);
  if (offset === null) return undefined;
  const whole = offset === undefined ? new Date(...parts).getTime() : Date.UTC(...parts) - offset;
  const from = whole + milliseconds;
  return { from, next: fraction === undefined ? from + 1000 : from + 1 };
}

type Parts = readonly [number, number, number, number, number, number];

/** Whether the parts come back as they were: the 30th of February does not. */
function exists([year, month, day, hour, minute, second]: Parts): boolean {
  const date = new Date(Date.UTC(year, month, day));
  const endOfDay = hour === 24 && minute === 0 && second === 0;
  return (
    date.getUTCMonth() === month &&
    date.getUTCDate() === day &&
    (hour < 24 || endOfDay) &&
    minute < 60 &&
    second < 60
  );
}

/** Milliseconds an offset is ahead of UTC; null if there is none such. */
function offsetOf(zone: string): number | null {
  if (/^z$/i.test(zone)) return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3).replace(":", "") || "0")];
  if (hours > 23 || minutes > 59) return null;
  const size = (hours * 60 + minutes) * 60_000;
  return zone.startsWith("-") ? -size : size;
}
