/** One event of a stream as it arrived. */
export type SentEvent = Readonly<{ id: number; event: string; data: Readonly<Record<string, unknown>> }>;

/** An event stream, block by block as the standard has it; `retry` and comments are checked and left out. */
export async function* readEvents(answer: Response): AsyncGenerator<SentEvent, void, undefined> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of answer.body ?? []) {
    text += decoder.decode(part, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      if (/^: .*$/.test(block)) continue;
      const [, id, event, data] =
        /^(?:retry: 2000\n)?id: (\d+)\nevent: ([a-z]+)\ndata: (\{.*\})$/.exec(block) ?? [];
      if (data === undefined) throw new Error(`not an event: ${block}`);
      yield { id: Number(id), event: event ?? "", data: JSON.parse(data) };
    }
  }
}
