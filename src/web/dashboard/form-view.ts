import type { Choices, Description } from "./choices.ts";
import type { Draft } from "./draft.ts";

/** What every part of the form sees and may change. */
export type FormView = Readonly<{
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  choices: Choices;
  description: Description;
  /** What the server does not like, by place. */
  problems: ReadonlyMap<string, string>;
}>;

/** The form with a setting, or without it: then it is the server's own. */
export function withSetting({ draft, change }: FormView, name: string, value: unknown): void {
  const { [name]: _, ...others } = draft.settings;
  change({ settings: value === undefined ? others : { ...others, [name]: value } });
}

/** Bounds and step of a number, as `<input>` takes them. */
export const boundsOf = ({ description }: FormView, name: string) => {
  const rule = description.request[name];
  return {
    ...(rule?.min === undefined ? {} : { min: rule.min }),
    ...(rule?.max === undefined ? {} : { max: rule.max }),
    step: rule?.kind === "whole" ? 1 : "any",
  };
};
