import { useEffect, useState } from "preact/hooks";

/** Whole seconds since a text was another one. */
export function useSeconds(text: string): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    setSeconds(0);
    const since = performance.now();
    const timer = setInterval(() => setSeconds(Math.floor((performance.now() - since) / 1000)), 1000);
    return () => clearInterval(timer);
  }, [text]);
  return seconds;
}
