/** A language of the examples, as it is written behind the fence. */
export type Language = "sh" | "python" | "js";

/** A fenced block of a page. `refused` is one whose requests the server must refuse, since their files are not there. */
export type Example = Readonly<{
  page: string;
  /** Line of the opening fence, from 1. */
  line: number;
  language: Language;
  code: string;
  expects: "answer" | "refused";
}>;

const fence =
  /(?:^<!-- example: (?<mark>refused|in a page) -->\n)?^```(?<language>sh|python|js)\n(?<code>[\s\S]*?)^```$/gm;

/**
 * The examples of a page in its order. `<!-- example: refused -->` on the line above says that its requests are refused,
 * `<!-- example: in a page -->` that it belongs into a web page; that one is not here.
 */
export function examplesOf(page: string, text: string): readonly Example[] {
  return [...text.matchAll(fence)].flatMap(({ index, groups = {} }) => {
    const { mark, language, code = "" } = groups;
    if (mark === "in a page") return [];
    const line = text.slice(0, index).split("\n").length + (mark === undefined ? 0 : 1);
    const expects = mark === "refused" ? "refused" : "answer";
    return [{ page, line, language: language as Language, code, expects }];
  });
}

/** What the names in the pages stand for while they are tried. */
export type Facts = Readonly<{
  /** Host and port of the server. */
  host: string;
  /** A task's id, 32 hexadecimal digits. */
  task: string;
  /** A picture that was made, from its day on: `2026-01-31/name.png`. */
  output: string;
  /** A picture that a request brought. */
  input: string;
  /** Stands for a picture on another server. */
  dataUri: string;
}>;

/** The code with the names of the pages replaced by real ones. */
export function withFacts(code: string, { host, task, output, input, dataUri }: Facts): string {
  const hyphenated = task.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  return code
    .replaceAll(/\b(?:127\.0\.0\.1|localhost):(?:7866|8888)\b/g, host)
    .replaceAll(/\b[0-9a-f]{32}\b/g, task)
    .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, hyphenated)
    .replaceAll(/\b(outputs|thumbnails|files)\/\d{4}-\d\d-\d\d\/[\w-]+\.png/g, `$1/${output}`)
    .replaceAll(/\binputs\/[0-9a-f]{64}\.png/g, `inputs/${input}`)
    .replaceAll("https://example.com/cat.png", dataUri);
}

/** How a run ended. */
export type Ran = Readonly<{ code: number; stdout: string; stderr: string }>;

/** An answer's `detail`, or OpenAI's `error`, in JSON or as Python or JavaScript print it. */
const detail = /\bdetail["']?\s*:|\berror["']?\s*:\s*\{\s*["']?message\b/;

/** curl was told for how long to follow. */
const timeIsUp = 28;

/** What is wrong with a run, or undefined. A curl that saves its answer must be told to fail (`-fsS`). */
export function complaint({ code, expects, language }: Example, ran: Ran): string | undefined {
  const followed = ran.code === timeIsUp && code.includes("--max-time");
  if (ran.code !== 0 && !followed) return `ended with ${ran.code}`;
  if (ran.stdout.trim() === "" && !/^curl -fsS .* -o /ms.test(code)) return "printed nothing";
  if (expects === "answer") return detail.test(ran.stdout) ? "was answered with an error" : undefined;
  const refusals = ran.stdout.match(/missing-model/g)?.length ?? 0;
  const requests = language === "sh" ? (code.match(/^curl /gm)?.length ?? 0) : 1;
  return refusals >= requests ? undefined : `has ${refusals} refusals for ${requests} requests`;
}
