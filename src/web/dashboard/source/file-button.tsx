import { useRef } from "preact/hooks";

type FileButtonProps = Readonly<{ label: string; take: (file: File) => void }>;

/** A button that opens the system's dialog for a picture's file. The same file may be chosen again. */
export function FileButton({ label, take }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  const chosen = (event: Event & { readonly currentTarget: HTMLInputElement }) => {
    const [file] = event.currentTarget.files ?? [];
    event.currentTarget.value = "";
    if (file !== undefined) take(file);
  };
  return (
    <>
      <button type="button" class="small" onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        class="hidden"
        type="file"
        accept="image/*"
        tabIndex={-1}
        aria-label={`${label}: file`}
        onChange={chosen}
      />
    </>
  );
}
