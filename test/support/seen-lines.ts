/** What a client saw, as it printed it. */
export type SeenLine = Readonly<Record<string, unknown>>;

/** Milliseconds that a client may take: less than a test may, which would leave it running. */
const patience = 240_000;

/**
 * Runs a client that prints an object as a line of JSON for each thing that it sees, to its end.
 *
 * @param onLine told each line when it is printed, so that a test can let a server go on
 * @throws if it ends with anything but 0, with all that it said
 */
export async function seenLines(
  command: readonly string[],
  onLine: (line: SeenLine) => void = () => undefined,
): Promise<readonly SeenLine[]> {
  // A proxy of the machine is not for a server on it.
  const env = { ...process.env, NO_PROXY: "*", no_proxy: "*" };
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe", timeout: patience, env });
  const complaints = new Response(child.stderr).text();
  const lines: SeenLine[] = [];
  for await (const text of linesOf(child.stdout)) {
    const line: SeenLine = JSON.parse(text);
    lines.push(line);
    onLine(line);
  }
  const code = await child.exited;
  if (code === 0) return lines;
  const seen = lines.map((line) => JSON.stringify(line)).join("\n");
  throw new Error(
    `${command.join(" ")} ended with ${child.signalCode ?? code}:\n${seen}\n${await complaints}`,
  );
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts.filter((line) => line !== "");
  }
  if (rest !== "") yield rest;
}
