// Not in TypeScript's library yet (TC39 proposal "JSON.parse source text access"); Bun has it.
interface JSON {
  /** A value that `JSON.stringify` writes as the given text: numbers with more digits than a double. */
  rawJSON(text: string): unknown;
}
