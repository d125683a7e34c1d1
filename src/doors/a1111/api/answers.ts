import { Type } from "@sinclair/typebox";
import { nullable } from "#/api/nullable.ts";

const text = Type.String();
const base64 = Type.String({ description: "A picture's file in base64." });
const anyObject = Type.Object({}, { additionalProperties: true });

/** What making pictures answers. */
export const GenerationAnswer = Type.Object(
  {
    images: Type.Array(base64),
    parameters: anyObject,
    info: Type.String({
      description: "JSON: seeds, infotexts and the like, and `warnings`: what was not done as it was asked.",
    }),
  },
  { title: "A1111GenerationResponse" },
);

/** A refusal in one sentence. */
export const SentenceAnswer = Type.Object(
  { error: text, detail: text, body: text, errors: text },
  { title: "A1111Error" },
);

/** What runs. */
export const ProgressAnswer = Type.Object(
  {
    progress: Type.Number({ description: "0 to 1; 0 where nothing runs." }),
    eta_relative: Type.Number({ description: "Seconds to the end, as far as is known." }),
    state: Type.Object(
      {
        skipped: Type.Boolean(),
        interrupted: Type.Boolean(),
        stopping_generation: Type.Boolean(),
        job: text,
        job_count: Type.Integer(),
        job_timestamp: text,
        job_no: Type.Integer(),
        sampling_step: Type.Integer(),
        sampling_steps: Type.Integer(),
      },
      { title: "A1111State" },
    ),
    current_image: nullable(base64),
    textinfo: nullable(text),
    current_task: nullable(text),
  },
  { title: "A1111ProgressResponse" },
);
