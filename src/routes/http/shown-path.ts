/** Longest path that is shown whole; one that is longer is no route of ours. */
const longest = 200;

/** What in a query says what was asked for, and nothing that is anybody's secret. */
const harmless: ReadonlySet<string> = new Set([
  ...["action", "query", "delete", "page", "page_size", "start_at", "end_at", "wait", "since", "previews"],
  ...["task_id", "job_id", "accept", "image_type", "need_step_preview"],
]);

/** The address of a request as the log shows it: values that no route asks for might be keys, so only their names are said. */
export function shownPath(url: URL): string {
  const { pathname, search } = url;
  const path = pathname.length <= longest ? pathname : `${pathname.slice(0, longest)}…`;
  if (search === "") return path;
  const said = [...url.searchParams].slice(0, 10).map(([name, value]) => {
    const shown = harmless.has(name) ? encodeURIComponent(value.slice(0, 100)) : "…";
    return `${encodeURIComponent(name.slice(0, 40))}=${shown}`;
  });
  return said.length === 0 ? path : `${path}?${said.join("&")}`;
}
