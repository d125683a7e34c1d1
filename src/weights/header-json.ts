/**
 * The first name that an object of a JSON text holds twice, at any depth; undefined if there is none. `JSON.parse`
 * silently keeps the last one, which would let a header describe two tensors under one name.
 *
 * @param text valid JSON (parse it first)
 */
export function duplicateName(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []; // one entry a nesting level; undefined for arrays
  let last = "";
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at];
    if (c === '"') {
      const end = stringEnd(text, at);
      last = text.slice(at, end);
      at = end - 1;
    } else if (c === ":") {
      const names = open.at(-1);
      const name: string = JSON.parse(last);
      if (names?.has(name) === true) return name;
      names?.add(name);
    } else if (c === "{") {
      open.push(new Set());
    } else if (c === "[") {
      open.push(undefined);
    } else if (c === "}" || c === "]") {
      open.pop();
    }
  }
  return undefined;
}

/** Index after the closing quote of the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}
