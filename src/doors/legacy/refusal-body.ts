import { shortened } from "#/api/issues.ts";
import type { Refusal, RefusalBody } from "#/routes/http/refusal.ts";
import { refusalBody as plainBody } from "../fooocus-api/refusal-body.ts";

/** A refusal as the legacy API words it: like FooocusAPI's, but problems stand beside what was sent, as `body`. */
export const refusalBody = (refusal: Refusal): RefusalBody =>
  refusal.type === "problems"
    ? { detail: refusal.problems, body: shortened(refusal.body ?? null) }
    : plainBody(refusal);
