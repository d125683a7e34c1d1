import { useCallback, useState } from "preact/hooks";
import { type Complaint, Refused } from "./complaint.ts";

/** Runs what the user asked for, and keeps the reasons when it is refused until something else is asked for. */
export function useAttempt() {
  const [complaints, setComplaints] = useState<readonly Complaint[]>([]);
  // Several may be on their way: the parts of a record come into the form by themselves.
  const [underWay, setUnderWay] = useState(0);
  const complain = useCallback((error: unknown) => setComplaints(reasonsOf(error)), []);
  const attempt = useCallback(
    (work: Promise<unknown> | undefined) => {
      setComplaints([]);
      setUnderWay((before) => before + 1);
      void Promise.resolve(work)
        .catch(complain)
        .finally(() => setUnderWay((before) => before - 1));
    },
    [complain],
  );
  const forget = useCallback(() => setComplaints([]), []);
  return { complaints, busy: underWay > 0, attempt, complain, forget };
}

function reasonsOf(error: unknown): readonly Complaint[] {
  if (error instanceof Refused) return error.complaints;
  return [{ field: "", message: error instanceof Error ? error.message : String(error) }];
}
