/** `fault`: the server will not work, or not as it is set; `weak`: it works, and worse than it could. */
export type Level = "good" | "weak" | "fault";

/** Something that was looked at. */
export type Finding = Readonly<{
  what: string;
  level: Level;
  /** What was found. */
  found: string;
  /** How to mend it; of what is good there is nothing to mend. */
  mend?: string;
}>;
