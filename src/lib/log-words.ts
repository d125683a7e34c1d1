/** How serious a line is; a logger prints its own level and everything after it in this list. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** What a line looks like: for people, or one JSON object for programs that collect lines. */
export const logFormats = ["text", "json"] as const;
export type LogFormat = (typeof logFormats)[number];
