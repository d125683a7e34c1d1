import type { Tool, ToolAnswer } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { EngineContext } from "./context.ts";
import { makeMask } from "./masks/make-mask.ts";
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
    const { making } = tool;
    return { tool: "mask", ...(await makeMask(picture, making, context)) };
  } finally {
    await context.endJob();
  }
}
