import { useState } from "preact/hooks";

type KeyFieldProps = Readonly<{
  /** The key that was given before and is not the server's. */
  refused: string;
  unlock: (key: string) => void;
}>;

/** Asks for the key of a server that has one; it is kept until the tab is closed. */
export function KeyField({ refused, unlock }: KeyFieldProps) {
  const [key, setKey] = useState("");
  const send = (event: Event) => {
    event.preventDefault();
    unlock(key.trim());
  };
  return (
    <form class="card" onSubmit={send}>
      <label for="key">API key</label>
      <div class="row" style="flex-wrap:nowrap">
        <input
          id="key"
          type="password"
          autoComplete="off"
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <button type="submit">Unlock</button>
      </div>
      {refused === "" ? null : (
        <p class="problem" role="alert">
          That is not the server's key.
        </p>
      )}
    </form>
  );
}
