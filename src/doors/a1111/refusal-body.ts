import type { Refusal, RefusalBody } from "#/routes/http/refusal.ts";

/**
 * A refusal as A1111 words it: FastAPI's list for what is wrong with a body; for all else four texts, of which its clients read
 * `detail` or `errors`.
 */
export function refusalBody(refusal: Refusal): RefusalBody {
  switch (refusal.type) {
    case "problems":
      return { detail: refusal.problems };
    case "sentence": {
      const said = isOfKey(refusal) ? "Incorrect username or password" : refusal.sentence;
      return { error: "HTTPException", detail: said, body: "", errors: said };
    }
    case "unexpected":
      return {
        error: "InternalServerError",
        detail: "",
        body: "",
        errors: "The server failed; its log says why.",
      };
  }
}

/** Whether it is the key that is missing or wrong. */
export const isOfKey = (refusal: Refusal): boolean => refusal.type === "sentence" && refusal.about === "key";
