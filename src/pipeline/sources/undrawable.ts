import { BugError } from "#/lib/errors.ts";

/** A picture that no size can be found for; such a request is refused before it becomes a job. */
export function undrawable({ width, height }: Readonly<{ width: number; height: number }>): never {
  throw new BugError(`A picture of ${width} x ${height} pixels came to a job that cannot be made of it.`);
}
