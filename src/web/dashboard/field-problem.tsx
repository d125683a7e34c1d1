/** What the server does not like about a field, beneath it; nothing where it likes it. */
export function FieldProblem({ id, text }: Readonly<{ id: string; text: string | undefined }>) {
  if (text === undefined || text === "") return null;
  return (
    <p class="problem" id={`${id}-problem`} role="alert">
      {text}
    </p>
  );
}

/** What an element says of its problem to a screen reader, and to whoever looks for the first field that has one. */
export const toldOf = (id: string, text: string | undefined) =>
  text === undefined || text === ""
    ? {}
    : ({ "aria-invalid": true, "aria-describedby": `${id}-problem` } as const);
