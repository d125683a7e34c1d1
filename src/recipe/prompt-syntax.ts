import { cleanLine } from "#/pipeline/text/clean-line.ts";

/** Where Python's `splitlines` cuts. */
const lineEnds = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

/** A prompt's main line, and further lines that are encoded as texts of their own. */
export type PromptLines = Readonly<{ main: string; extra: readonly string[] }>;

/** A prompt as its cleaned lines; empty ones are dropped. */
export function promptLines(prompt: string): PromptLines {
  const [main = "", ...extra] = prompt
    .split(lineEnds)
    .map(cleanLine)
    .filter((line) => line !== "");
  return { main, extra };
}

export type InlineLora = Readonly<{ stem: string; weight: number }>;

/**
 * Takes `<lora:name:weight>` out of a line. The line that remains is normalised: single blanks, commas with one blank
 * after them, no empty parts.
 */
export function takeInlineLoras(line: string): { line: string; loras: readonly InlineLora[] } {
  const loras: InlineLora[] = [];
  const rest = line.split(",").map((part) =>
    part.replace(/<lora:([^:>]+):([+-]?(?:\d+(?:\.\d*)?|\.\d+))>/g, (_tag, stem: string, weight: string) => {
      loras.push({ stem, weight: Number(weight) });
      return "";
    }),
  );
  const parts = rest.map((part) => part.replace(/\s+/g, " ").trim()).filter((part) => part !== "");
  return { line: parts.join(", "), loras };
}

/**
 * Replaces every `[[a, b]]` by one of its elements, chosen by the number of the image so that all combinations come up
 * in turn; the first array changes fastest. Elements keep their blanks.
 */
export function pickFromArrays(line: string, image: number): string {
  // After the last `]]`, every `[[` would look for one to the end of the line.
  const head = line.slice(0, line.lastIndexOf("]]") + 2);
  const arrays = [...head.matchAll(/\[\[(.*?)\]\]/gs)].map(([, inner = ""]) => inner.split(","));
  if (arrays.length === 0) return line;
  const combinations = arrays.reduce((product, items) => product * items.length, 1);
  let rest = image % combinations;
  const picked = arrays.map((items) => {
    const item = items[rest % items.length] ?? "";
    rest = Math.floor(rest / items.length);
    return item;
  });
  let at = 0;
  const filled = head.replace(/\[\[(.*?)\]\]/gs, () => {
    at += 1;
    return picked[at - 1] ?? "";
  });
  return filled + line.slice(head.length);
}
