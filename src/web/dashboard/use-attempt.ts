import { useCallback, useMemo, useState } from "preact/hooks";
import { type Complaint, Refused, wordsOf } from "./complaint.ts";
import { Unanswered } from "./server.ts";
import { useReturn } from "./use-return.ts";

type Failure = Readonly<{ error: unknown }>;

/**
 * Runs what the user asked for, and keeps the reasons when it is refused until something else is asked for, or until they are
 * true no longer.
 *
 * @param isReachable whether the server answers
 */
export function useAttempt(isReachable: boolean) {
  const [failure, setFailure] = useState<Failure>();
  const complaints = useMemo(() => (failure === undefined ? [] : reasonsOf(failure)), [failure]);
  // Several may be on their way: the parts of a record come into the form by themselves.
  const [underWay, setUnderWay] = useState(0);
  const complain = useCallback((error: unknown) => setFailure({ error }), []);
  const attempt = useCallback(
    (work: Promise<unknown> | undefined) => {
      setFailure(undefined);
      setUnderWay((before) => before + 1);
      void Promise.resolve(work)
        .catch(complain)
        .finally(() => setUnderWay((before) => before - 1));
    },
    [complain],
  );
  const forget = useCallback(() => setFailure(undefined), []);
  useReturn(isReachable, () =>
    setFailure((before) => (before?.error instanceof Unanswered ? undefined : before)),
  );
  return { complaints, busy: underWay > 0, attempt, complain, forget };
}

function reasonsOf({ error }: Failure): readonly Complaint[] {
  if (error instanceof Refused) return error.complaints;
  return [{ field: "", message: wordsOf(error) }];
}
