import type { Tool, ToolAnswer } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { EngineContext } from "./context.ts";
import { captionOf } from "./describe/caption.ts";
import { tagsOf } from "./describe/wd14.ts";
import { makeMask } from "./masks/make-mask.ts";
import { pauseOf } from "./pause.ts";
import type { Run } from "./run.ts";

/**
 * What a tool says of a picture.
 *
 * @throws Interruption where nobody wants to know any more; AppError as the tool
 */
export async function useTool(
  { tool, picture }: Readonly<{ tool: Tool; picture: Pixmap }>,
  context: EngineContext,
  run: Run,
): Promise<ToolAnswer> {
  try {
    run.check();
    switch (tool.tool) {
      case "mask":
        return { tool: "mask", ...(await makeMask(picture, tool.making, context, pauseOf(run))) };
      case "describe":
        return { tool: "describe", text: await described(picture, tool.as, context, run) };
    }
  } finally {
    await context.endJob();
  }
}

/** A drawing in tags, a photograph in a sentence, which can be stopped before each of its words. */
async function described(
  picture: Pixmap,
  as: "tags" | "caption",
  context: EngineContext,
  run: Run,
): Promise<string> {
  if (as === "tags") return await tagsOf(picture, context);
  return await captionOf(picture, await context.captioner(), () => run.check());
}
