import { Type } from "@sinclair/typebox";

/** A schema that null fits as well. */
export const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(inner: T) =>
  Type.Union([inner, Type.Null()]);
