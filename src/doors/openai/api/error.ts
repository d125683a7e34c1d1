import { Type } from "@sinclair/typebox";

/** An error in OpenAI's form. */
export const OpenAiError = Type.Object(
  {
    error: Type.Object(
      {
        message: Type.String(),
        type: Type.String(),
        param: Type.Union([Type.String(), Type.Null()]),
        code: Type.Union([Type.String(), Type.Null()]),
      },
      { title: "OpenAIErrorDetails" },
    ),
  },
  { title: "OpenAIError" },
);
