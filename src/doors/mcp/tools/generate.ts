import { Type } from "@sinclair/typebox";
import type { GenerateRequest } from "#/api/generate.ts";
import { Job } from "../answers/job.ts";
import { chosenSize } from "../arguments/chosen-size.ts";
import { commonRequest } from "../arguments/common-request.ts";
import { namesOfTool } from "../arguments/names-of-tool.ts";
import { inOwnNames } from "../arguments/own-names.ts";
import { pictureFields, sizeField } from "../arguments/picture-fields.ts";
import { overridden, readArguments } from "../arguments/read-arguments.ts";
import { toolSchema } from "../arguments/tool-schema.ts";
import { wayOf } from "../arguments/way-of.ts";
import type { Tool } from "../call.ts";
import { make } from "../make.ts";

const fields = {
  prompt: Type.String({ description: "What the picture shows, in English, as a description." }),
  size: sizeField,
  ...pictureFields,
};
const required = ["prompt"];

/** Makes pictures from text. */
export const generate: Tool = {
  listed: {
    name: "generate",
    title: "Make pictures",
    description:
      "Makes pictures from a text, and from pictures that guide it. What is not said is as the server has it. The answer has " +
      "the pictures, links to their files, and warnings: what is otherwise than was asked for.",
    inputSchema: toolSchema(Type.Object(fields, { requiredKeys: required })),
    outputSchema: toolSchema(Job),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  },
  call: async (given, call) => {
    const { said, advanced, warnings } = readArguments(fields, required, given);
    const own = commonRequest(said);
    const size = typeof said["size"] === "string" ? said["size"] : undefined;
    const sized: GenerateRequest =
      size === undefined
        ? own
        : { ...own, aspect_ratios_selection: chosenSize(size, { ...advanced, ...own }, call.parts) };
    const told = [...warnings, ...overridden(advanced, sized)];
    try {
      return await make(
        { ...advanced, ...sized },
        { tool: "generate", warnings: told, ...wayOf(said) },
        call,
      );
    } catch (thrown) {
      throw inOwnNames(thrown, namesOfTool.generate);
    }
  },
};
