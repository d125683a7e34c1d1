/** What of a request can be searched for; of what cannot be read nothing. */
export function searchedOf({
  prompt,
  base_model_name: model,
  style_selections: styles,
}: Readonly<Record<string, unknown>>) {
  return {
    prompt: typeof prompt === "string" ? prompt : "",
    models: typeof model === "string" && model !== "" ? [model] : [],
    styles: Array.isArray(styles) ? styles.filter((one) => typeof one === "string") : [],
  };
}
