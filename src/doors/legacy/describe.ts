import { type Static, Type } from "@sinclair/typebox";
import { choice } from "#/api/fields.ts";
import { readQuery } from "#/api/read.ts";
import { describeTypes } from "#/api/tools.ts";
import type { Log } from "#/lib/log.ts";
import { formOf } from "#/routes/http/form.ts";
import { legacyAnswer } from "./answer.ts";
import { checkForm, fileFormat, readForm } from "./api/form.ts";

const imageType = choice(describeTypes, "Photo", "DescribeImageType", "Which describer to use.");

/** The legacy API's form of describe-image; `image_type` is in the query. */
const DescribeForm = Type.Object(
  { image: Type.String({ format: fileFormat, description: "The picture." }) },
  { title: "Body_describe_image_v1_tools_describe_image_post", requiredKeys: ["image"] },
);

/** What FooocusAPI's JSON body says: the picture as a data URI, and which describer to use. */
export type DescribeWords = Readonly<{ image: string; image_type: Static<typeof imageType> }>;

/**
 * The legacy API's half of `POST /v1/tools/describe-image`: the main door's route, which has the same path, hands over here
 * when the body is multipart (`isMultipart`). Reads the form, and answers as the legacy API does.
 *
 * @param describe answers the same question in FooocusAPI's words; what it throws is answered here
 */
export const legacyDescribe = (
  request: Request,
  log: Log,
  describe: (words: DescribeWords) => Response | Promise<Response>,
): Promise<Response> =>
  legacyAnswer(request, log, async (seen) => {
    const form = await readForm(await formOf(request), DescribeForm);
    seen(form.echo);
    const { image } = checkForm(DescribeForm, form) as Static<typeof DescribeForm>;
    const asked = new URL(request.url).searchParams.get("image_type") ?? "Photo";
    const kind = readQuery(imageType, "image_type", asked) as DescribeWords["image_type"];
    return describe({ image, image_type: kind });
  });
