/** Tells whether a pattern means a module, as PEFT decides it. */
export type PeftPattern = (name: string) => boolean;

/** One step of a pattern: which letters it takes (none at the ends of a name), and where it goes on. */
type State = { readonly takes: (letter: string) => boolean; readonly next: number };
type Machine = { states: (State | readonly number[])[]; start: number };

const limit = 500;

/** Whether a key is a name, or the end of one, perhaps behind `^`: nearly every one is, and costs nothing. */
export const isPlain = (key: string): boolean => /^\^?[\w.]+$/.test(key);

/**
 * A key of `rank_pattern` or `alpha_pattern`. PEFT asks whether `(.*\.)?(KEY)$` matches the module's whole name
 * (`get_pattern_key` in peft/utils/other.py), so a key is a regular expression that may begin after any dot, and a dot in
 * it takes any letter. Keys come out of files, and a search that goes back can take years: so letters are read once,
 * with the set of places that are possible (Thompson 1968). What needs going back (look-around, back-references) is not
 * read.
 *
 * @returns undefined where the key is no expression, or one that is not read here
 */
export function peftPattern(key: string): PeftPattern | undefined {
  if (isPlain(key)) return plainPattern(key);
  const parser = new Parser(key);
  const machine = parser.parse();
  return machine === undefined ? undefined : (name) => runsThrough(machine, name);
}

/** A file may hold hundreds of plain keys for hundreds of modules. */
function plainPattern(key: string): PeftPattern {
  const anchored = key.startsWith("^");
  const text = anchored ? key.slice(1) : key;
  return (name) => {
    const start = name.length - text.length;
    if (start < 0 || (start > 0 && (anchored || name[start - 1] !== "."))) return false;
    for (let i = text.length - 1; i >= 0; i -= 1) {
      if (text[i] !== "." && text[i] !== name[start + i]) return false;
    }
    return true;
  };
}

/** Reads an expression into states; a list of numbers is a fork. Built from the end to the start. */
class Parser {
  readonly #text: string;
  readonly #machine: Machine = { states: [], start: 0 };
  #at = 0;
  #failed = false;
  #work = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Machine | undefined {
    if (this.#text.length > 1000) return undefined;
    const tree = this.#choice();
    if (this.#failed || this.#at < this.#text.length) return undefined;
    const end = this.#add([]);
    this.#machine.start = tree(end);
    return this.#machine.states.length > limit || this.#work > limit ? undefined : this.#machine;
  }

  #add(state: State | readonly number[]): number {
    // Repeats of repeats could fill the memory: past the limit nothing more is kept, and the key counts as not read.
    if (this.#machine.states.length <= limit) this.#machine.states.push(state);
    return this.#machine.states.length - 1;
  }

  #choice(): Tree {
    const options = [this.#sequence()];
    while (this.#text[this.#at] === "|") {
      this.#at += 1;
      options.push(this.#sequence());
    }
    const [only] = options;
    if (only !== undefined && options.length === 1) return only;
    return (next) => this.#add(options.map((option) => option(next)));
  }

  #sequence(): Tree {
    const items: Tree[] = [];
    while (this.#at < this.#text.length && !/[|)]/.test(this.#text[this.#at] ?? "") && !this.#failed) {
      items.push(this.#repeated(this.#atom()));
    }
    return (next) => items.reduceRight((after, item) => item(after), next);
  }

  #repeated(item: Tree): Tree {
    const found = /^(?:[*+?]|\{(\d{0,3})(,?)(\d{0,3})\})/.exec(this.#text.slice(this.#at, this.#at + 10));
    if (found === null) return item;
    const [all, low = "", comma = "", high = ""] = found;
    if (all === "{}" || all === "{,}" || (comma === "" && high !== "")) return this.#fail();
    this.#at += all.length;
    if (this.#text[this.#at] === "?")
      this.#at += 1; // lazy or not: the same names match
    else if (/^[*+]/.test(this.#text.slice(this.#at))) return this.#fail(); // possessive, or a mistake
    const bounds: Readonly<Record<string, readonly [number, number]>> = {
      "*": [0, Number.POSITIVE_INFINITY],
      "+": [1, Number.POSITIVE_INFINITY],
      "?": [0, 1],
    };
    const least = Number(low || 0);
    const most = comma === "" ? least : high === "" ? Number.POSITIVE_INFINITY : Number(high);
    const [from, to] = bounds[all] ?? [least, most];
    return from > to ? this.#fail() : (next) => this.#repeat(item, from, to, next);
  }

  /** Repeats of repeats of nothing make no state and take for ever all the same: so the turns are counted, too. */
  #repeat(item: Tree, from: number, to: number, next: number): number {
    let after = next;
    if (to === Number.POSITIVE_INFINITY) {
      const fork: number[] = [next];
      after = this.#add(fork);
      fork.push(item(after));
    } else {
      for (let i = from; i < to && this.#turn(); i += 1) after = this.#add([next, item(after)]);
    }
    for (let i = 0; i < from && this.#turn(); i += 1) after = item(after);
    return after;
  }

  #turn(): boolean {
    this.#work += 1;
    return this.#work <= limit;
  }

  #atom(): Tree {
    const letter = this.#text[this.#at] ?? "";
    this.#at += 1;
    if (letter === "(") return this.#group();
    if (letter === "[") return this.#letters();
    if (letter === "\\") return this.#escape();
    if (letter === "^" || letter === "$") {
      // The ends of a name are read as letters of their own.
      return this.#one((found) => found === (letter === "^" ? start : end));
    }
    if (/[*+?{})\]]/.test(letter)) return this.#fail();
    if (letter === ".") return this.#one((found) => found.length === 1);
    return this.#one((found) => found === letter);
  }

  #group(): Tree {
    if (this.#text.startsWith("?:", this.#at)) this.#at += 2;
    const name = /^\?P<\w+>/.exec(this.#text.slice(this.#at, this.#at + 60));
    if (name !== null) this.#at += name[0].length;
    const inner = this.#choice();
    if (this.#text[this.#at] !== ")") return this.#fail();
    this.#at += 1;
    return inner;
  }

  /** A class of letters: read by the engine of expressions, one letter at a time. */
  #letters(): Tree {
    const found = /^(?:\^?\]?(?:\\.|[^\]\\])*)\]/.exec(this.#text.slice(this.#at));
    if (found === null) return this.#fail();
    this.#at += found[0].length;
    return this.#oneOf(`[${found[0].replace(/^(\^?)\]/, "$1\\]")}`);
  }

  #escape(): Tree {
    const letter = this.#text[this.#at] ?? "";
    this.#at += 1;
    if (/[dDwWsS]/.test(letter)) return this.#oneOf(`\\${letter}`);
    // Other letters and digits are back-references and borders of words.
    return /[^a-zA-Z0-9]/.test(letter) ? this.#one((found) => found === letter) : this.#fail();
  }

  #oneOf(pattern: string): Tree {
    try {
      const letters = new RegExp(`^${pattern}$`);
      return this.#one((found) => found.length === 1 && letters.test(found));
    } catch {
      return this.#fail();
    }
  }

  #one(takes: (letter: string) => boolean): Tree {
    return (next) => this.#add({ takes, next });
  }

  #fail(): Tree {
    this.#failed = true;
    return (next) => next;
  }
}

/** Makes the states of a piece that goes on at `next`; says where it begins. */
type Tree = (next: number) => number;

const start = "^start";
const end = "$end";

/** Whether the states take a name from its start, or from after one of its dots, to its end. */
function runsThrough({ states, start: first }: Machine, name: string): boolean {
  let places = new Set<number>();
  const reach = (place: number, into: Set<number>): void => {
    const todo = [place];
    while (todo.length > 0) {
      const at = todo.pop() ?? 0;
      if (into.has(at)) continue;
      into.add(at);
      const state = states[at];
      if (Array.isArray(state)) todo.push(...state);
    }
  };
  const borders = (letter: string): void => {
    // `^^` is `^`: a border may be taken any number of times, and need not be.
    for (const place of places) {
      const state = states[place];
      if (state !== undefined && "takes" in state && state.takes(letter)) reach(state.next, places);
    }
  };
  reach(first, places);
  borders(start);
  for (const letter of name) {
    const after = new Set<number>();
    for (const place of places) {
      const state = states[place];
      if (state !== undefined && "takes" in state && state.takes(letter)) reach(state.next, after);
    }
    places = after;
    if (letter === ".") reach(first, places);
  }
  borders(end);
  return [...places].some((place) => {
    const state = states[place];
    return Array.isArray(state) && state.length === 0;
  });
}
