/** What is otherwise about the pictures of a task than one may expect, in the server's words. */
export function Warnings({ of }: Readonly<{ of: readonly string[] }>) {
  if (of.length === 0) return null;
  return (
    <ul class="warnings" aria-label="Notes">
      {of.map((warning) => (
        <li key={warning}>{warning}</li>
      ))}
    </ul>
  );
}
