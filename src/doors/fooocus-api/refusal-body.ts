import type { Refusal, RefusalBody } from "#/routes/http/refusal.ts";

/** A refusal as FastAPI words it: a list of problems for what was wrong with the request, a sentence for all else. */
export function refusalBody(refusal: Refusal): RefusalBody {
  switch (refusal.type) {
    case "problems":
      return { detail: refusal.problems };
    case "sentence":
      return { detail: refusal.sentence };
    case "unexpected":
      return "Internal Server Error";
  }
}
