const header = "x-request-id";

/** What a proxy or client may call a request: one word, no longer than any scheme of ids makes it. */
const sane = /^[\w.:+/=@-]{1,128}$/;

/**
 * Gives a request its id, once, before anything else is done with it: its own `X-Request-Id` if that is one plain word, else a
 * new one. It stays with the request as that header, whatever was sent there.
 */
export function giveId({ headers }: Request): string {
  const said = headers.get(header);
  if (said !== null && sane.test(said)) return said;
  const id = crypto.randomUUID();
  headers.set(header, id);
  return id;
}

/** The id of a request that was given one. */
export const requestIdOf = ({ headers }: Request): string | undefined => headers.get(header) ?? undefined;

/** The answer says it too, so that who complains can name it. */
export function answerWithId(answer: Response, id: string): void {
  answer.headers.set(header, id);
}
