import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** A script that starts the old program: its flags, each with its values, and the variables it sets. */
export type LaunchScript = Readonly<{
  file: string;
  flags: readonly (readonly string[])[];
  variables: Readonly<Record<string, string>>;
}>;

/** Shipped with Fooocus for its container; it passes on what it is given. */
const shipped = "entrypoint.sh";

/** What is behind one of these on a line are the program's flags. */
const program = /(?:launch|entry_with_update|webui)\.py["']?(?=\s|$)/;

/**
 * Finds the scripts that start a Fooocus: those in its folder, and those beside it that name it, where the Windows package has
 * its `run.bat`.
 */
export function readLaunchScripts(root: string): readonly LaunchScript[] {
  const name = basename(root);
  const beside = (text: string): boolean => text.includes(`${name}\\`) || text.includes(`${name}/`);
  return [...scriptsIn(root, () => true), ...scriptsIn(dirname(root), beside)];
}

function scriptsIn(folder: string, isOurs: (line: string) => boolean): readonly LaunchScript[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => /\.(sh|bat|cmd|ps1)$/i.test(name) && name !== shipped);
  return names.toSorted().flatMap((name) => {
    const script = readScript(join(folder, name), isOurs);
    return script === undefined ? [] : [script];
  });
}

/** @returns undefined for a script that starts no Fooocus, or that cannot be read */
function readScript(file: string, isOurs: (line: string) => boolean): LaunchScript | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const lines = text
    .replace(/[\\^]\r?\n/g, " ")
    .split(/\r?\n/)
    .filter((line) => !/^\s*(?:#|::|rem\b)/i.test(line));
  const start = lines.find((line) => program.test(line) && isOurs(line));
  if (start === undefined) return undefined;
  const [, behind = ""] = start.split(program);
  return { file, flags: grouped(wordsOf(behind)), variables: variablesOf(lines) };
}

/** Words of a command, up to where another one begins; what the script itself is given is none of them. */
function wordsOf(text: string): readonly string[] {
  const words = [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );
  const end = words.findIndex((word) => /^(?:&&?|\|\|?|;|\d?>.*|#.*)$/.test(word));
  return words.slice(0, end < 0 ? undefined : end).filter((word) => !/^(?:\$[*@]|%\*)$/.test(word));
}

function grouped(words: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = [];
  for (const word of words) {
    if (word.startsWith("--")) groups.push([word]);
    else groups.at(-1)?.push(word);
  }
  return groups;
}

const variablesOf = (lines: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, value] = /^\s*(?:export|set)\s+"?([A-Za-z_]\w*)=([^"\s]*)"?\s*$/i.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
