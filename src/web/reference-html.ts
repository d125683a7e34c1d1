/** To a schema of the page. */
export const link = (name: string): string => `<a href="#${text(name)}">${text(name)}</a>`;

/** The id of a route on the page. */
export const anchor = (method: string, path: string): string =>
  text(`${method}${path.replaceAll(/[^a-zA-Z0-9]+/g, "-")}`);

/** A text in HTML. */
export const text = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** Descriptions are Markdown, of which ours use the marks of code only. */
export const prose = (value: string): string => text(value).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
