import type { MakingTool } from "../names.ts";
import { commonNames } from "./common-request.ts";
import { editNames } from "./edit-request.ts";

/** The main API's fields, and the arguments of each tool that they are. */
export const namesOfTool: Readonly<Record<MakingTool, Readonly<Record<string, string>>>> = {
  generate: { ...commonNames, aspect_ratios_selection: "size" },
  edit: editNames,
};
