/** Characters that surely fit without scrolling. */
const short = 150;

/** A task's prompt; a long one scrolls in itself, by the keyboard too. */
export function Prompt({ text }: Readonly<{ text: string }>) {
  return (
    <p class="prompt" {...(text.length > short ? { tabIndex: 0 } : {})}>
      {text}
    </p>
  );
}
