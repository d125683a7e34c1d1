import { expect, test } from "bun:test";
import { commonRequest } from "#/doors/mcp/arguments/common-request.ts";
import { editRequest } from "#/doors/mcp/arguments/edit-request.ts";
import { inputPictures } from "#/recipe/input-pictures.ts";
import { plainParams } from "../../../support/plain-request.ts";

const guides = [{ image: "aGk=", kind: "PyraCanny" }];

test("pictures that guide an edit act beside the picture that is edited, which would else take no part", () => {
  const goals = [
    [{ operation: "vary" }, "uov_input_image"],
    [{ operation: "upscale" }, "uov_input_image"],
    [{ operation: "inpaint", mask: "bWFzaw==" }, "inpaint_input_image"],
    [{ operation: "outpaint", expand: { left: 64 } }, "inpaint_input_image"],
  ] as const;
  for (const [goal, field] of goals) {
    const said = { image: "cGljdHVyZQ==", guides, ...goal };
    const request = { ...plainParams, ...commonRequest(said), ...editRequest(said) };
    const used = inputPictures(request).map(({ field: name }) => name);
    expect([goal.operation, used]).toEqual([
      goal.operation,
      expect.arrayContaining([field, "controlnet_image.0.cn_img"]),
    ]);
  }
});
