/**
 * What kind of end a download came to: the connection `broken`, the server `busy` or a `refused` request; `other-file`, it is
 * not the file that was wanted; `interrupted`, whoever started it wants no more.
 */
export type FaultKind = "broken" | "busy" | "refused" | "other-file" | "interrupted";

/** A download that did not come to its end, with a sentence for whoever started it. */
export class DownloadFault extends Error {
  readonly kind: FaultKind;

  constructor(kind: FaultKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.name = "DownloadFault";
  }
}

/** What broke, without the advice that Bun's fetch gives to programmers. */
export const reasonOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).replace(/\.? For more information, pass .*$/s, "");
