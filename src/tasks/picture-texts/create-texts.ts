import type { GenerateParams } from "#/api/generate.ts";
import type { Config } from "#/config/schema.ts";
import type { EmbeddedText } from "#/image/encode.ts";
import type { Resolved, Signed } from "#/recipe/resolve.ts";
import { embeddedText } from "./embedded-text.ts";
import type { MetadataOptions } from "./image-metadata.ts";
import { roomWarning } from "./room-warning.ts";

/** What the texts in pictures depend on. */
export type TextParts = Omit<MetadataOptions, "createdBy"> &
  Readonly<{ config: Pick<Config, "disable_metadata" | "created_by" | "fooocusKeys"> }>;

/** What is written into pictures about their making. */
export type PictureTexts = Readonly<{
  /** The text of one image of a task, if any is wanted. */
  textOf: (params: GenerateParams, resolved: Resolved, image: number) => Promise<EmbeddedText | undefined>;
  /** What to say where the pictures have no room for it. */
  roomFor: (params: GenerateParams, resolved: Resolved) => Promise<string | undefined>;
  /** What the settings write into pictures, for a making that is to give the same bytes elsewhere. */
  signed: Signed;
}>;

/** Puts the texts together. */
export function createTexts({ config, defaultAdaptiveCfg, ...parts }: TextParts): PictureTexts {
  const signed: Signed = {
    metadata: !config.disable_metadata,
    createdBy: makerOf(config),
    adaptiveCfg: defaultAdaptiveCfg,
  };
  const optionsOf = ({ createdBy, adaptiveCfg }: Signed) => ({
    ...parts,
    createdBy,
    defaultAdaptiveCfg: adaptiveCfg,
  });
  return {
    signed,
    textOf: async (params, resolved, image) => {
      const own = resolved.signed ?? signed;
      return own.metadata && params.save_metadata_to_images
        ? await embeddedText(params, resolved, image, optionsOf(own))
        : undefined;
    },
    roomFor: async (params, resolved) => {
      const own = resolved.signed ?? signed;
      return own.metadata ? await roomWarning(params, resolved, optionsOf(own)) : undefined;
    },
  };
}

const makerOf = ({ created_by, fooocusKeys: { environment, file } }: TextParts["config"]): string =>
  [created_by, environment.metadata_created_by, file.metadata_created_by].find((name) => name) ?? "";
