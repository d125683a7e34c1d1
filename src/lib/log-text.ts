/** What JSON leaves as it is and a terminal may obey or take for an end of line: C1, other line ends, changes of direction. */
const steering = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** All that a sentence may not hold as it is. */
const control = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const escaped = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;

const known: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A line of JSON in which no letter does anything; within JSON these can only be in texts, where an escape means the same. */
export const plainLine = (json: string): string => json.replace(steering, escaped);

type LogRecord = Readonly<Record<string, unknown>> & Readonly<{ time: string; level: string; msg?: string }>;

/**
 * A record of the log for people: time, level, sentence and facts in one line.
 *
 * @param json an object with `time`, `level`, `msg`, and facts beside them
 */
export function textLine(json: string): string {
  const { time, level, msg = "", part: _, ...facts } = JSON.parse(json) as LogRecord;
  const sentence = msg.replace(control, (letter) => known[letter] ?? escaped(letter));
  const tail = Object.entries(facts).map(([key, value]) => ` ${key}=${shown(value)}`);
  return `${time} ${level.padEnd(5)} ${sentence}${tail.join("")}`;
}

/** Quotes only where a space, a quote, or a control character would blur where the value ends or forge a line. */
function shown(value: unknown): string {
  if (typeof value === "string" && value !== "" && !/[\s"\p{Cc}]/u.test(value)) return plainLine(value);
  return plainLine(JSON.stringify(value));
}
