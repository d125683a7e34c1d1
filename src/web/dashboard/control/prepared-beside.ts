import { foreseen } from "../source/result-size.ts";
import { emptySource, type SourceDraft } from "../source/source-draft.ts";

/**
 * The picture beside which control images are prepared: they fill the size that is made of it. None where no network would
 * be guided, since nothing would be prepared.
 *
 * @param working the size number that the server brings pictures to
 */
export function preparedBeside(source: SourceDraft, working: number): SourceDraft {
  const isGuided = source.tab !== "enhance" && foreseen(source, working)?.direct !== true;
  return isGuided ? source : emptySource;
}
