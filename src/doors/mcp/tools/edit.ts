import { Type } from "@sinclair/typebox";
import { Job } from "../answers/job.ts";
import { commonRequest } from "../arguments/common-request.ts";
import { editFields, editRequired } from "../arguments/edit-fields.ts";
import { editRequest, unusedArguments } from "../arguments/edit-request.ts";
import { namesOfTool } from "../arguments/names-of-tool.ts";
import { inOwnNames } from "../arguments/own-names.ts";
import { overridden, readArguments } from "../arguments/read-arguments.ts";
import { toolSchema } from "../arguments/tool-schema.ts";
import { wayOf } from "../arguments/way-of.ts";
import type { Tool } from "../call.ts";
import { make } from "../make.ts";

/** Makes pictures from a picture. */
export const edit: Tool = {
  listed: {
    name: "edit",
    title: "Edit a picture",
    description:
      "Paints a part of a picture anew, adds to its sides, makes another one like it, or enlarges it. The answer is that of " +
      "generate.",
    inputSchema: toolSchema(Type.Object(editFields, { requiredKeys: editRequired })),
    outputSchema: toolSchema(Job),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  },
  call: async (given, call) => {
    const { said, advanced, warnings } = readArguments(editFields, editRequired, given);
    const own = { ...commonRequest(said), ...editRequest(said) };
    const told = [...warnings, ...unusedArguments(said), ...overridden(advanced, own)];
    try {
      return await make({ ...advanced, ...own }, { tool: "edit", warnings: told, ...wayOf(said) }, call);
    } catch (thrown) {
      throw inOwnNames(thrown, namesOfTool.edit);
    }
  },
};
