import { useCallback, useState } from "preact/hooks";
import { type Complaint, Refused } from "./complaint.ts";

/** Runs what the user asked for, and keeps the reasons when it is refused until something else is asked for. */
export function useAttempt() {
  const [complaints, setComplaints] = useState<readonly Complaint[]>([]);
  const [busy, setBusy] = useState(false);
  const complain = useCallback((error: unknown) => setComplaints(reasonsOf(error)), []);
  const attempt = useCallback(
    (work: Promise<unknown> | undefined) => {
      setComplaints([]);
      setBusy(true);
      void Promise.resolve(work)
        .catch(complain)
        .finally(() => setBusy(false));
    },
    [complain],
  );
  const forget = useCallback(() => setComplaints([]), []);
  return { complaints, busy, attempt, complain, forget };
}

function reasonsOf(error: unknown): readonly Complaint[] {
  if (error instanceof Refused) return error.complaints;
  return [{ field: "", message: error instanceof Error ? error.message : String(error) }];
}
