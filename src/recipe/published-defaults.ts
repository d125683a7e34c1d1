import { CommonRequest, type GenerateParams, type GenerateRequest } from "#/api/generate.ts";
import type { ModelFiles } from "./preset.ts";

/** Names that are there. */
export type There = Pick<ModelFiles, "checkpoints" | "loras">;

/** A request as it is meant, and what its client must be told. */
export type Meant = Readonly<{ request: GenerateRequest; warnings: readonly string[] }>;

const { base_model_name: baseField, loras: lorasField } = CommonRequest.properties;
const publishedBase: string = baseField.default;
const publishedLoras: GenerateParams["loras"] = lorasField.default;

/**
 * A request without what its client only copied. Generated clients send the defaults of the description they were made
 * from, FooocusAPI's for one, whose files need not be here: nobody chose them. Where such a default cannot be taken the
 * field counts as not said, and the client is told what that means.
 */
export function withoutPublishedDefaults(request: GenerateRequest, there: There): Meant {
  const { base_model_name: base, loras, ...rest } = request;
  const isBaseAbsent = base === publishedBase && !there.checkpoints.includes(publishedBase);
  const isLoraAbsent =
    loras !== undefined &&
    Bun.deepEquals(loras, publishedLoras) &&
    loras.some(({ model_name: name }) => name !== "None" && !there.loras.includes(name));
  const named = publishedLoras.flatMap(({ model_name: name }) => (name === "None" ? [] : [name])).join(", ");
  return {
    request: {
      ...rest,
      ...(base === undefined || isBaseAbsent ? {} : { base_model_name: base }),
      ...(loras === undefined || isLoraAbsent ? {} : { loras }),
    },
    warnings: [
      ...(isBaseAbsent ? [sentence("base_model_name", publishedBase)] : []),
      ...(isLoraAbsent ? [sentence("loras", named)] : []),
    ],
  };
}

const sentence = (field: string, name: string): string =>
  `${field} is FooocusAPI's default, ${name}, which is not on this server; its own default was taken.`;
