import type { Issue } from "#/api/issues.ts";
import type { Json } from "#/api/json.ts";
import { plainRefusals, type RefusalSchemas, type RouteRefusals } from "#/api/openapi.ts";

/** Why a request is not done, before its door has put that into its own shape. */
export type Refusal = Readonly<
  /** All that is wrong with it; `body` is what was sent, where that is known. Status 422. */
  | { type: "problems"; problems: readonly Issue[]; body?: Json }
  | {
      type: "sentence";
      status: number;
      sentence: string;
      headers?: Readonly<Record<string, string>>;
      /** Said where it is the key that is missing or wrong: there are clients that want another status for it. */
      about?: "key";
    }
  /** A fault of ours, of which clients are told nothing. Status 500. */
  | { type: "unexpected" }
>;

/** What a door answers: an object to be sent as JSON, or a plain text. */
export type RefusalBody = Readonly<Record<string, unknown>> | string;

/** How a door refuses. */
export type RefusalForm = Readonly<{
  refusalBody: (refusal: Refusal) => RefusalBody;
  /** Its status, where that is not the usual one. */
  refusalStatus?: (refusal: Refusal, usual: number) => number;
  /** What its clients look for in the headers of a refusal. */
  refusalHeaders?: (refusal: Refusal) => Readonly<Record<string, string>>;
  /** What `refusalBody` makes, for the description of the API, where it is not FastAPI's. */
  refusalSchemas?: RefusalSchemas;
}>;

/** What a request without the key is answered. */
export const keyless: Refusal = { type: "sentence", status: 403, sentence: "Forbidden", about: "key" };

/** What a door answers to requests that are refused on every route, for their description. */
export function refusalsOf({ refusalStatus, refusalSchemas = plainRefusals }: RefusalForm): RouteRefusals {
  const problems: Refusal = { type: "problems", problems: [] };
  return {
    key: { status: refusalStatus?.(keyless, 403) ?? 403, schema: refusalSchemas.sentence },
    problems: { status: refusalStatus?.(problems, 422) ?? 422, schema: refusalSchemas.problems },
  };
}

/** A refusal in one sentence. */
export const refused = (
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal => ({ type: "sentence", status, sentence, headers });
