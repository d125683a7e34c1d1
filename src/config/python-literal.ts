/** A Python literal, as Fooocus reads its environment variables; text that is none stands for itself. */
export function pythonLiteral(text: string): unknown {
  const words: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };
  const trimmed = text.trim();
  if (Object.hasOwn(words, trimmed)) return words[trimmed];
  const quoted = /^'((?:[^'\\]|\\.)*)'$/s.exec(trimmed)?.[1];
  if (quoted !== undefined) return quoted.replace(/\\(['\\])/g, "$1");
  const json = trimmed
    .replace(/'((?:[^'\\]|\\.)*)'/gs, (_all, inner: string) =>
      JSON.stringify(inner.replace(/\\(['\\])/g, "$1")),
    )
    .replace(/\bTrue\b/g, "true")
    .replace(/\bFalse\b/g, "false")
    .replace(/\bNone\b/g, "null")
    .replace(/^\(([\s\S]*)\)$/, "[$1]");
  try {
    return JSON.parse(json);
  } catch {
    return text;
  }
}
