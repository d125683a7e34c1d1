/** The name of this door, as it is kept with every task. */
export const doorName = "mcp";

/** Where its clients post. */
export const mcpPath = "/mcp";

/** How pictures are put into an answer beside their links; see `answers/inline-pictures.ts`. */
export const inlineModes = ["auto", "original", "none"] as const;
export type InlineMode = (typeof inlineModes)[number];

/** The tools that make tasks, which is half of the word that is kept with one. */
export const makingTools = ["generate", "edit"] as const;
export type MakingTool = (typeof makingTools)[number];

/** The word that is kept with a task: by which tool it came, and how its pictures are to be shown once it has ended. */
export const wordOf = (tool: MakingTool, inline: InlineMode): string => `${tool}:${inline}`;

/** How the pictures of a task are to be shown; one that came in by another door says nothing of it. */
export const inlineOf = (word: string): InlineMode =>
  inlineModes.find((mode) => word.endsWith(`:${mode}`)) ?? "auto";

/** The tool by which a task came. */
export const toolOf = (word: string): MakingTool | undefined =>
  makingTools.find((tool) => word.startsWith(`${tool}:`));
