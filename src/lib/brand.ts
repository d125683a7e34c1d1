declare const brand: unique symbol;

/** A type that only its own constructor can make: `type TaskId = Brand<string, "TaskId">`. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
