import type { GenerateParams } from "#/api/generate.ts";
import type { Config } from "#/config/schema.ts";
import type { EmbeddedText } from "#/image/encode.ts";
import type { Resolved } from "#/recipe/resolve.ts";
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
}>;

/** Puts the texts together. */
export function createTexts({ config, ...parts }: TextParts): PictureTexts {
  const options = { ...parts, createdBy: makerOf(config) };
  const areWanted = !config.disable_metadata;
  return {
    textOf: async (params, resolved, image) =>
      areWanted && params.save_metadata_to_images
        ? await embeddedText(params, resolved, image, options)
        : undefined,
    roomFor: async (params, resolved) =>
      areWanted ? await roomWarning(params, resolved, options) : undefined,
  };
}

const makerOf = ({ created_by, fooocusKeys: { environment, file } }: TextParts["config"]): string =>
  [created_by, environment.metadata_created_by, file.metadata_created_by].find((name) => name) ?? "";
