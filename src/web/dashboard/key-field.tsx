import { useState } from "preact/hooks";

/** Asks for the key of a server that has one; it is kept until the tab is closed. */
export function KeyField({ unlock }: Readonly<{ unlock: (key: string) => void }>) {
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
    </form>
  );
}
