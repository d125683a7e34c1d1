import { InvalidRequest, type Issue } from "#/api/issues.ts";
import { readMoment } from "#/api/moments.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { HistoryRange } from "#/stores/history.ts";
import type { RemoveReport } from "#/tasks/life-cycle/tasks.ts";

/**
 * The span of time that `start_at` and `end_at` name; one of them is enough. Without a start it begins with everything,
 * without an end it goes on until now.
 *
 * @param now milliseconds since 1970
 * @throws InvalidRequest naming the parameter that cannot be read
 */
export function readRange(query: URLSearchParams, now: number): HistoryRange | undefined {
  const issues: Issue[] = [];
  const momentOf = (name: string) => {
    const text = query.getAll(name).at(-1) ?? "";
    const moment = text === "" ? undefined : readMoment(text);
    if (text !== "" && moment === undefined) issues.push(unreadable(name, text));
    return moment;
  };
  const [start, end] = [momentOf("start_at"), momentOf("end_at")];
  if (issues.length > 0) throw new InvalidRequest(issues);
  if (start === undefined && end === undefined) return undefined;
  return { from: start?.from ?? 0, to: end === undefined ? now : end.next - 1 };
}

/**
 * The span of time that is to be deleted, which must name its start: deleting everything by leaving out a word must not
 * be possible.
 *
 * @param what the words before `the tasks from ...`
 * @throws InvalidRequest
 */
export function readDeletion(query: URLSearchParams, now: number, what: string): HistoryRange {
  const range = readRange(query, now);
  if (range === undefined || (query.getAll("start_at").at(-1) ?? "") === "") throw needsStart(what);
  return range;
}

const unreadable = (name: string, input: string): Issue => ({
  type: "value_error",
  loc: ["query", name],
  msg: "Value error, a date or time of ISO 8601 is needed, such as 2024-07-03T12:22:30 or 2024-07-03T12:22:30Z",
  input,
});

const needsStart = (what: string): InvalidRequest =>
  new InvalidRequest([
    {
      type: "missing",
      loc: ["query", "start_at"],
      msg: `Field required: ${what} the tasks from start_at to end_at`,
      input: null,
    },
  ]);

/** The contract's answer to a deletion is null; what was done is said in the headers. */
export function deletionReply({ tasks, images }: RemoveReport): Response {
  const answer = jsonReply(null);
  answer.headers.set("x-deleted-tasks", String(tasks));
  answer.headers.set("x-deleted-images", String(images));
  return answer;
}
