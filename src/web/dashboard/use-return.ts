import { useEffect, useRef } from "preact/hooks";

/** Acts each time that the server answers again. */
export function useReturn(isReachable: boolean, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (isReachable) latest.current();
  }, [isReachable]);
}
