import { useEffect } from "preact/hooks";
import type { Complaint } from "./complaint.ts";

/** Leads to the first field that was refused; what is folded away around it is opened by then. */
export function useFirstProblem(complaints: readonly Complaint[]): void {
  useEffect(() => {
    if (complaints.length === 0) return;
    const refused = document.querySelector<HTMLElement>("form [aria-invalid=true]");
    for (let at = refused?.closest("details"); at; at = at.parentElement?.closest("details")) at.open = true;
    refused?.focus();
    // The reason may be further down than the field, below what can be seen.
    const reason = document.getElementById(refused?.getAttribute("aria-describedby") ?? "");
    reason?.scrollIntoView({ block: "nearest" });
  }, [complaints]);
}
