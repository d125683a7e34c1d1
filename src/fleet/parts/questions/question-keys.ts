import type { FleetKeys } from "../../redis/keys.ts";

/** Where a question lies, and what belongs to it. */
export type QuestionKeys = Readonly<{
  id: string;
  question: string;
  /** Those that wait. */
  line: string;
  picture: string;
  file: string;
  lease: string;
}>;

/** Only who understands what is asked takes a question: its line is that of a recipe version. */
export function questionKeys(
  { questions, question }: FleetKeys,
  recipeVersion: number,
  id: string,
): QuestionKeys {
  const own = question(id);
  return {
    id,
    question: own,
    line: questions(recipeVersion),
    picture: `${own}:picture`,
    file: `${own}:file`,
    lease: `${own}:lease`,
  };
}
