/** A checkpoint by the name that a client says, with or without the kind of its file; undefined where there is none. */
export const modelNamed = (said: string, names: readonly string[]): string | undefined =>
  names.find((name) => name === said) ?? names.find((name) => withoutKind(name) === said);

const withoutKind = (name: string): string => name.replace(/\.[^./]+$/, "");
