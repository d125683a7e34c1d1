import type { Refusal, RefusalBody } from "#/routes/http/refusal.ts";

/**
 * A refusal as A1111 words it: FastAPI's list for what is wrong with a body; for all else four texts, of which its clients read
 * `detail` or `errors`.
 */
export function refusalBody(refusal: Refusal): RefusalBody {
  switch (refusal.type) {
    case "problems":
      return { detail: refusal.problems };
    case "sentence":
      return {
        error: "HTTPException",
        detail: refusal.sentence,
        body: "",
        errors: refusal.sentence,
      };
    case "unexpected":
      return {
        error: "InternalServerError",
        detail: "",
        body: "",
        errors: "The server failed; its log says why.",
      };
  }
}
