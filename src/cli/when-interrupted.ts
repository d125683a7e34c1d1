/** What shells call the end by a signal: 128 and its number. */
const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Whether whoever started a command wants no more of it. */
export type Interruption = Readonly<{
  signal: AbortSignal;
  /** The exit code of a command that was interrupted. */
  code: () => number;
}>;

/** Hears of signals; a second one ends the process at once. */
export function whenInterrupted(): Interruption {
  const stop = new AbortController();
  let code: number = codes.SIGINT;
  onSignals((said) => {
    if (stop.signal.aborted) process.exit(code);
    code = said;
    stop.abort();
  });
  return { signal: stop.signal, code: () => code };
}

/** Ends the process at the first signal, for work that nobody misses half of; temporary folders go. */
export const leaveWhenInterrupted = (): void => onSignals((code) => process.exit(code));

function onSignals(hear: (code: number) => void): void {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => hear(codes[name]));
}
