/**
 * What a picture costs in tokens, in the form that OpenAI's clients add up. Nothing is counted in tokens here, and nothing is
 * billed: all of it is 0.
 */
export const noUsage = {
  input_tokens: 0,
  input_tokens_details: { image_tokens: 0, text_tokens: 0 },
  output_tokens: 0,
  output_tokens_details: { image_tokens: 0, text_tokens: 0 },
  total_tokens: 0,
} as const;
