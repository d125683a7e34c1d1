/** A JSON value whose whole numbers keep their digits: those beyond 2^53 are bigints. */
export type Json = string | number | bigint | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** Whether a value is an object with names, not a list. */
export const isJsonObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Where a text stops being JSON, in the words of Python's `json` module, which clients of the reference know. */
export class JsonSyntaxError extends Error {
  /** Characters (code points) before the error. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** A whole number with more digits than Python reads; reading it would take long, and nothing means it. */
export class HugeNumber extends Error {
  constructor() {
    super(`A whole number has more than ${mostDigits} digits`);
  }
}

/** What Python's own guard against such numbers allows. */
export const mostDigits = 4300;

const deepest = 200;

/** Values in one text, names of objects not counted: a full request has about 200. Each of them costs time and memory. */
const mostValues = 100_000;

/**
 * Parses JSON without losing digits. No library both keeps them and says where and how a text fails in the contract's
 * words, which is why this is ours. NaN and infinities are refused: nothing we store may hold them.
 *
 * @throws JsonSyntaxError, also for a text that is nested too deeply or holds too many values; HugeNumber
 */
export function parseJson(text: string): Json {
  const reader = new Reader(text);
  reader.blanks();
  const value = reader.value(0);
  reader.blanks();
  if (reader.at < text.length) throw reader.error("Extra data");
  return value;
}

/** Counted without a list of them: a body may have a hundred million. */
function codePointsBefore(text: string, end: number): number {
  let count = 0;
  for (let at = 0; at < end; count += 1) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}

class Reader {
  at = 0;
  readonly #text: string;
  #values = 0;
  /** A stretch of a string's inside; bounded, since an expression remembers every round of it. */
  readonly #stringPart = /(?:[^"\\\u0000-\u001f]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})){1,1000}/y;

  constructor(text: string) {
    this.#text = text;
  }

  error(message: string, at = this.at): JsonSyntaxError {
    return new JsonSyntaxError(message, codePointsBefore(this.#text, at));
  }

  blanks(): void {
    const some = /[ \t\n\r]+/y;
    if (!" \t\n\r".includes(this.#text[this.at] ?? "x")) return;
    some.lastIndex = this.at;
    this.at += some.exec(this.#text)?.[0].length ?? 0;
  }

  value(depth: number): Json {
    if (depth > deepest) throw this.error("Too deeply nested");
    this.#values += 1;
    if (this.#values > mostValues) throw this.error(`Too many values (${mostValues} is the limit)`);
    switch (this.#text[this.at]) {
      case '"':
        return this.#string();
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      default:
        return this.#literal();
    }
  }

  #literal(): Json {
    const rest = this.#text.slice(this.at, this.at + 5);
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (!rest.startsWith(word)) continue;
      this.at += word.length;
      return value;
    }
    const pattern = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.#text);
    if (match === null) throw this.error("Expecting value");
    const [digits, fraction, exponent] = match;
    const number = Number(digits);
    if (!Number.isFinite(number) && (fraction ?? exponent) !== undefined) throw this.error("Expecting value");
    this.at += digits.length;
    const whole = fraction === undefined && exponent === undefined;
    if (!whole || Number.isSafeInteger(number)) return number;
    if (digits.length > mostDigits) throw new HugeNumber();
    return BigInt(digits);
  }

  /** Finds the string's end and what is wrong with it; its characters are read by the runtime, in one go. */
  #string(): string {
    const start = this.at;
    this.at += 1;
    for (;;) {
      this.#stringPart.lastIndex = this.at;
      if (!this.#stringPart.test(this.#text)) break;
      this.at = this.#stringPart.lastIndex;
    }
    const c = this.#text[this.at];
    if (c === undefined) throw this.#unterminated(start);
    if (c === "\\") throw this.#badEscape(start);
    if (c !== '"') throw this.error("Invalid control character at");
    this.at += 1;
    const read: unknown = JSON.parse(this.#text.slice(start, this.at));
    return typeof read === "string" ? read : "";
  }

  /** Python wants at least the closing quote after an escape's digits, and blames the escape otherwise. */
  #unterminated(start: number): JsonSyntaxError {
    const [, slashes = ""] = /(\\+)u[0-9a-fA-F]{4}$/.exec(this.#text.slice(-4096)) ?? [];
    const escape = slashes.length % 2 === 1 && this.#text.length - 6 > start;
    return escape
      ? this.error("Invalid \\uXXXX escape", this.#text.length - 5)
      : this.error("Unterminated string starting at", start);
  }

  #badEscape(start: number): JsonSyntaxError {
    const letter = this.#text[this.at + 1];
    if (letter === undefined) return this.error("Unterminated string starting at", start);
    return letter === "u"
      ? this.error("Invalid \\uXXXX escape", this.at + 1)
      : this.error("Invalid \\escape");
  }

  #array(depth: number): Json[] {
    const items: Json[] = [];
    this.at += 1;
    this.blanks();
    if (this.#take("]")) return items;
    for (;;) {
      items.push(this.value(depth + 1));
      this.blanks();
      if (this.#take("]")) return items;
      if (!this.#take(",")) throw this.error("Expecting ',' delimiter");
      this.blanks();
    }
  }

  #object(depth: number): JsonObject {
    const entries: [string, Json][] = [];
    this.at += 1;
    this.blanks();
    if (this.#take("}")) return {};
    for (;;) {
      if (this.#text[this.at] !== '"') throw this.error("Expecting property name enclosed in double quotes");
      const name = this.#string();
      this.blanks();
      if (!this.#take(":")) throw this.error("Expecting ':' delimiter");
      this.blanks();
      entries.push([name, this.value(depth + 1)]);
      this.blanks();
      if (this.#take("}")) return Object.fromEntries(entries);
      if (!this.#take(",")) throw this.error("Expecting ',' delimiter");
      this.blanks();
    }
  }

  #take(c: string): boolean {
    if (this.#text[this.at] !== c) return false;
    this.at += 1;
    return true;
  }
}

/** JSON text with bigints as numbers, without blanks; what `JSON.stringify` would write. */
export function writeJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "bigint" ? JSON.rawJSON(item.toString()) : item,
  );
}

/** A text, or null, as JSON in ASCII alone, which is how Python's `json.dumps` writes it. */
export const asciiJson = (value: string | null): string =>
  JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
