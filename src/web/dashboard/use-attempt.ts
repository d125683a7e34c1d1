import { useCallback, useState } from "preact/hooks";

/** Runs what the user asked for, and keeps the reason when it is refused until something else is asked for. */
export function useAttempt() {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const complain = useCallback(
    (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
    [],
  );
  const attempt = useCallback(
    (work: Promise<unknown> | undefined) => {
      setProblem("");
      setBusy(true);
      void Promise.resolve(work)
        .catch(complain)
        .finally(() => setBusy(false));
    },
    [complain],
  );
  return { problem, busy, attempt, complain };
}
