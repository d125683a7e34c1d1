import { type Static, type TSchema, type TUnsafe, Type } from "@sinclair/typebox";

/** Inclusive bounds of a number. */
type Bounds = Readonly<{ minimum?: number; maximum?: number }>;

/** How a field of a request is declared: TypeBox carries type, default, bounds and text to every reader. */
export const text = (fallback: string, description: string) =>
  Type.String({ default: fallback, description });

/** A text that may be null: an image, or an address. */
export const textOrNull = (fallback: string | null, description: string) =>
  Type.Union([Type.String(), Type.Null()], { default: fallback, description });

/**
 * A text that is null when it is not given. To the contract it is a text and nothing else; null is taken all the same,
 * since that is what a record shows.
 */
export const textOrNothing = (description: string) =>
  Type.Unsafe<string | null>({ type: "string", default: null, description, takesNull: true });

export const flag = (fallback: boolean, description: string) =>
  Type.Boolean({ default: fallback, description });

export const whole = (fallback: number, description: string, bounds: Bounds = {}) =>
  Type.Integer({ default: fallback, description, ...bounds });

export const real = (fallback: number, description: string, bounds: Bounds = {}) =>
  Type.Number({ default: fallback, description, ...bounds });

/** A whole number that does not fit a JavaScript number; `seed` sees it as a bigint. */
export const seed = (description: string) =>
  Type.Unsafe<bigint>({ type: "integer", default: -1, description, big: true });

/** Seeds are below this; the main API draws one in the place of any other. */
export const seedEnd = 2n ** 63n;

/** One of a list of texts, in the order the error message names them; `title` is the schema's name in OpenAPI. */
export const choice = <const T extends string>(
  values: readonly T[],
  fallback: T,
  title: string,
  description: string,
) => Type.Unsafe<T>({ type: "string", enum: [...values], default: fallback, title, description });

/** A choice with other ways to write one of its texts, which are taken and not told of. */
export const alsoSpelled = <T extends string>(
  chosen: TUnsafe<T>,
  spellings: Readonly<Record<string, T>>,
): TUnsafe<T> => ({ ...chosen, spellings });

/** Most items of a request's lists: slots of which people use a handful, and names, all of which somebody may select. */
export const mostSlots = 16;
export const mostLoras = 50;
export const mostNames = 500;

/**
 * A list.
 *
 * @param maxItems most items; a longer one is refused without being looked into
 */
export const list = <T extends TSchema>(
  items: T,
  fallback: readonly Static<T>[],
  description: string,
  maxItems: number,
) => Type.Array(items, { default: fallback, description, maxItems });

/** A number that may be null. */
export const realOrNull = (fallback: number, description: string, bounds: Bounds = {}) =>
  Type.Union([Type.Number(bounds), Type.Null()], { default: fallback, description });
