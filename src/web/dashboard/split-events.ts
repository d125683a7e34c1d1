/** Splits what has arrived of an event stream: the data of whole events, and the rest to keep for later. */
export function splitEvents(text: string): Readonly<{ data: readonly string[]; rest: string }> {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop() ?? "";
  const data = blocks.map((block) =>
    block
      .split("\n")
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice(5).trim())
      .join(""),
  );
  return { data: data.filter((one) => one !== ""), rest };
}
