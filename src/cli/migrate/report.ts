/** `taken`: it is used from now on; `left`: there is no place for it here; `broken`: it would have been taken. */
type Fate = "taken" | "left" | "broken";

/** Something that the old folder has, and what became of it. */
export type Said = Readonly<{ what: string; fate: Fate; sentence: string }>;

/** Says what is found, as it is found. */
export type Report = Readonly<
  Record<Fate, (what: string, sentence: string) => void> & {
    said: readonly Said[];
    /** Whether something is not taken that should have been. */
    isBroken: () => boolean;
  }
>;

const words: Readonly<Record<Fate, string>> = { taken: "taken", left: "left", broken: "BROKEN" };

/** @param print hears each line at once */
export function openReport(print: (line: string) => void): Report {
  const said: Said[] = [];
  const say = (fate: Fate) => (what: string, sentence: string) => {
    said.push({ what, fate, sentence });
    print(`${words[fate].padEnd(6)}  ${what.padEnd(9)} ${sentence}`);
  };
  return {
    taken: say("taken"),
    left: say("left"),
    broken: say("broken"),
    said,
    isBroken: () => said.some(({ fate }) => fate === "broken"),
  };
}

/** Names of one kind that are printed one by one; of more it is said how many there are. */
const mostNamed = 20;

/** Tells of many things of one kind: the first of them by name. */
export function tellSome(tell: (sentence: string) => void, sentences: readonly string[]): void {
  for (const sentence of sentences.slice(0, mostNamed)) tell(sentence);
  if (sentences.length > mostNamed) tell(`and ${sentences.length - mostNamed} more like these`);
}
