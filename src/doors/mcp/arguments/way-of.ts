import { type InlineMode, inlineModes } from "../names.ts";
import type { ReadArguments } from "./read-arguments.ts";

/** How a call wants to be answered. */
export const wayOf = ({
  wait,
  inline_pictures: inline,
}: ReadArguments["said"]): Readonly<{ wait: boolean; inline: InlineMode }> => ({
  wait: wait !== false,
  inline: inlineModes.find((mode) => mode === inline) ?? "auto",
});
