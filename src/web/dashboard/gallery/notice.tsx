type NoticeProps = Readonly<{
  /** Tasks that are about to be deleted, and how many pictures go with them. */
  waiting: readonly string[] | undefined;
  pictures: number;
  undo: () => void;
  progress: string;
  trouble: string;
  forget: () => void;
}>;

const counted = (count: number, one: string): string => `${count} ${count === 1 ? one : `${one}s`}`;

/** What was just done with pictures, and the way to take it back. */
export function Notice({ waiting, pictures, undo, progress, trouble, forget }: NoticeProps) {
  return (
    <div class="notices" role="status">
      {waiting === undefined ? null : (
        <p>
          Deleted {counted(waiting.length, "task")} with {counted(pictures, "picture")}.
          <button type="button" class="small" onClick={undo}>
            Undo
          </button>
        </p>
      )}
      {progress === "" ? null : <p>{progress}</p>}
      {trouble === "" ? null : (
        <p class="problem">
          {trouble}
          <button type="button" class="small" onClick={forget}>
            Close
          </button>
        </p>
      )}
    </div>
  );
}
