import { type StateUpdater, useState } from "preact/hooks";
import type { Server } from "../server.ts";
import type { useAttempt } from "../use-attempt.ts";
import { type ControlDraft, type Prepared, withSlot } from "./control-draft.ts";
import { prepared } from "./preparation.ts";

/**
 * A look at how a control image is prepared, and the names of the tasks that were only for that.
 *
 * @param setControl takes what becomes of the places
 */
export function usePreparation(
  server: Server,
  setControl: (update: StateUpdater<ControlDraft>) => void,
  { complain, forget }: Pick<ReturnType<typeof useAttempt>, "complain" | "forget">,
) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const hide = (id: string) => setHidden((before) => new Set([...before, id]));
  /** Shows how a picture is prepared, unless it is another one by then. */
  const prepare = (at: number, request: Promise<Readonly<Record<string, unknown>>>) => {
    const waiting: Prepared = { kind: "waiting" };
    const show = (result: Prepared | undefined) =>
      setControl((before) =>
        before.slots[at]?.prepared === waiting ? withSlot(before, at, { prepared: result }) : before,
      );
    forget();
    setControl((before) => withSlot(before, at, { prepared: waiting }));
    request
      .then((fields) => prepared(server, fields, hide))
      .then(show)
      .catch((error: unknown) => {
        show(undefined);
        complain(error);
      });
  };
  return { prepare, hidden };
}
