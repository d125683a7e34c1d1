/** A test that did not pass, and the beginning of what it said; nothing where that is not known yet. */
export type Failing = Readonly<{ name: string; says: string }>;

const entities: Readonly<Record<string, string>> = { apos: "'", quot: '"', lt: "<", gt: ">", amp: "&" };

/** The text that XML means. */
const plain = (xml: string): string =>
  xml.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, number: string | undefined, name: string | undefined) =>
    number === undefined ? (entities[name ?? ""] ?? whole) : String.fromCodePoint(Number(number)),
  );

/**
 * Reads a JUnit report as Bun writes it.
 *
 * @returns how many tests there are in it, and those that failed
 */
export function readTests(xml: string): Readonly<{ ran: number; failing: readonly Failing[] }> {
  const cases = [...xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)];
  const failing = cases.flatMap(([, name = "", inside = ""]) => {
    if (!/<(?:failure|error)\b/.test(inside)) return [];
    const said = /message="([^"]*)"/.exec(inside)?.[1] ?? inside.replaceAll(/<[^>]*>/g, "").trim();
    return [{ name: plain(name), says: Bun.stripANSI(plain(said)).slice(0, 300) }];
  });
  return { ran: cases.length, failing };
}

/** The same of what Bun's tests print as they end, so that what ended before a run was cut off counts. */
export function readLines(said: string): ReturnType<typeof readTests> {
  const ended = [...Bun.stripANSI(said).matchAll(/^\((pass|fail)\) (.*?)(?: \[[\d.]+m?s\])?$/gm)];
  const failing = ended.flatMap(([, how, name = ""]) => (how === "fail" ? [{ name, says: "" }] : []));
  return { ran: ended.length, failing };
}
