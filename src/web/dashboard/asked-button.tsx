import { useEffect, useState } from "preact/hooks";

/** Milliseconds in which the second press must come. */
const patience = 4000;

type AskedButtonProps = Readonly<{
  label: string;
  /** What it asks before it does it. */
  question: string;
  /** What it is called where its label says too little by itself. */
  name?: string;
  act: () => void;
}>;

/** A button for what nothing brings back: it asks first, and does it when it is pressed again. */
export function AskedButton({ label, question, name, act }: AskedButtonProps) {
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (!asked) return;
    const timer = setTimeout(() => setAsked(false), patience);
    return () => clearTimeout(timer);
  }, [asked]);
  const press = () => {
    if (asked) act();
    setAsked(!asked);
  };
  return (
    <button
      type="button"
      class={`small ${asked ? "warn" : ""}`}
      aria-live="polite"
      aria-label={asked ? undefined : name}
      onClick={press}
    >
      {asked ? question : label}
    </button>
  );
}
