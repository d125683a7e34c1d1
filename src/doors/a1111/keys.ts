import { headerKeys } from "#/routes/http/auth.ts";

/**
 * The keys that a request says: A1111's clients send a name and a password (`--api-auth`), of which the password is the key,
 * whatever the name is; the headers of the main door are taken as well.
 */
export function basicKeys(request: Request): readonly string[] {
  const basic = /^basic +([\w+/=-]+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (basic === undefined) return headerKeys(request);
  const [, ...password] = Buffer.from(basic, "base64").toString("utf8").split(":");
  return [...headerKeys(request), ...(password.length === 0 ? [] : [password.join(":")])];
}
