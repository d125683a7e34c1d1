/** A fenced block of a page. */
export type Block = Readonly<{
  /** Line of the opening fence, from 1. */
  line: number;
  language: string;
  text: string;
  /** Where a block goes that is a file: its first line is a comment with nothing but that. */
  path: string | undefined;
}>;

const fence = /^```(?<language>\w+)\n(?<text>[\s\S]*?)^```$/gm;

/** The blocks of a page in its order. */
export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(fence)].map(({ index, groups = {} }) => {
    const { language = "", text = "" } = groups;
    const path = /^# (\/?[\w./-]+\.\w+|\/\S+)\n/.exec(text)?.[1];
    return { line: page.slice(0, index).split("\n").length, language, text, path };
  });
}

/** The commands of a block: a line each, but for those that go on behind a backslash or within quotes. */
export function commandsOf(text: string): readonly string[] {
  const commands: string[] = [];
  let open = "";
  for (const line of text.split("\n")) {
    open = open === "" ? line : `${open}\n${line}`;
    const goesOn = open.endsWith("\\") || (open.match(/'/g)?.length ?? 0) % 2 === 1;
    if (goesOn) continue;
    if (open.trim() !== "") commands.push(open);
    open = "";
  }
  if (open !== "") throw new Error(`a command does not end: ${open}`);
  return commands;
}
