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
export class HugeNumber extends Error {}

/** What Python's own guard against such numbers allows. */
export const mostDigits = 4300;

const deepest = 200;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/**
 * Parses JSON without losing digits. No library both keeps them and says where and how a text fails in the contract's
 * words, which is why this is ours. NaN and infinities are refused: nothing we store may hold them.
 *
 * @throws JsonSyntaxError; HugeNumber
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

  constructor(text: string) {
    this.#text = text;
  }

  error(message: string, at = this.at): JsonSyntaxError {
    return new JsonSyntaxError(message, codePointsBefore(this.#text, at));
  }

  blanks(): void {
    while (" \t\n\r".includes(this.#text[this.at] ?? "x")) this.at += 1;
  }

  value(depth: number): Json {
    if (depth > deepest) throw this.error("Too deeply nested");
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

  #string(): string {
    const start = this.at;
    const plain = /[^"\\\u0000-\u001f]*/y;
    let result = "";
    this.at += 1;
    for (;;) {
      plain.lastIndex = this.at;
      const run = plain.exec(this.#text)?.[0] ?? "";
      result += run;
      this.at += run.length;
      const c = this.#text[this.at];
      if (c === undefined) throw this.error("Unterminated string starting at", start);
      if (c === '"') {
        this.at += 1;
        return result;
      }
      if (c !== "\\") throw this.error("Invalid control character at");
      result += this.#escape(start);
    }
  }

  #escape(start: number): string {
    const letter = this.#text[this.at + 1];
    if (letter === undefined) throw this.error("Unterminated string starting at", start);
    if (letter === "u") {
      const hex = this.#text.slice(this.at + 2, this.at + 6);
      // Python wants at least the closing quote after the digits, and blames the escape otherwise.
      const whole = /^[0-9a-fA-F]{4}$/.test(hex) && this.at + 6 < this.#text.length;
      if (!whole) throw this.error("Invalid \\uXXXX escape", this.at + 1);
      this.at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const meaning = escapes[letter];
    if (meaning === undefined) throw this.error("Invalid \\escape");
    this.at += 2;
    return meaning;
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
