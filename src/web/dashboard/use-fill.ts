import { useEffect, useState } from "preact/hooks";
import type { Description } from "./choices.ts";
import { emptyControl } from "./control/control-draft.ts";
import type { useControl } from "./control/use-control.ts";
import { type Draft, draftOf, emptyDraft } from "./draft.ts";
import type { Filled } from "./filled.tsx";
import { meaningOf } from "./meaning.ts";
import { ownAddresses } from "./own-addresses.ts";
import type { ReadMetadata, Server } from "./server.ts";
import { emptySource } from "./source/source-draft.ts";
import type { useSource } from "./source/use-source.ts";

type FillParts = Readonly<{
  server: Server;
  draft: Draft;
  setDraft: (draft: Draft) => void;
  description: Description;
  source: ReturnType<typeof useSource>;
  control: ReturnType<typeof useControl>;
  attempt: (work: Promise<unknown>) => void;
}>;

const schemes: Readonly<Record<string, string>> = { fooocus: "Fooocus'", a1111: "A1111's" };

/** The ways by which the form is filled as a whole: from a record, from what a picture's file tells, and with nothing. */
export function useFill({ server, draft, setDraft, description, source, control, attempt }: FillParts) {
  const [filled, setFilled] = useState<Filled>();
  const close = () => setFilled(undefined);
  // Beside a newer picture it would not be clear which one is meant, nor what comes back.
  useEffect(close, [source.taken]);
  // What a region's fields mean that are not said.
  const ofRegion = Object.fromEntries(
    Object.entries(description.region).map(([name, { usual }]) => [name, usual] as const),
  );

  /** All that fields say. */
  const fill = (said: Readonly<Record<string, unknown>>) => {
    const read = async () => {
      const { params, defaults } = await meaningOf(server, said);
      setDraft(draftOf(params, defaults, ofRegion));
    };
    attempt(read());
    source.restore(said);
    control.restore(said);
  };
  /** Brings back what the form holds now. */
  const backTo = (before: Readonly<{ draft: Draft }>) => {
    const { source: old } = source;
    const { control: guides } = control;
    return () => {
      setDraft(before.draft);
      attempt(Promise.all([source.putAgain(old), control.putAgain(guides)]));
      close();
    };
  };
  const reuse = (said: Readonly<Record<string, unknown>>) => {
    close();
    fill(said);
  };
  /** What a file tells of its making; one that tells nothing is what is started from. */
  const bring = (file: File) => {
    const take = (read: ReadMetadata | undefined) => {
      if (read === undefined) return source.take(file);
      const back = backTo({ draft });
      const start = () => {
        back();
        source.take(file);
      };
      const sentence = `The form has the settings that ${file.name} tells in ${schemes[read.scheme] ?? "its"} scheme.`;
      setFilled({ sentence, warnings: read.warnings, start, back });
      fill(ownAddresses(read.request));
    };
    // Whatever becomes of the question, the picture itself is of use.
    attempt(
      server
        .metadata(file)
        .catch(() => undefined)
        .then(take),
    );
  };
  const clear = () => {
    setFilled({ sentence: "The form is empty.", warnings: [], start: undefined, back: backTo({ draft }) });
    setDraft(emptyDraft);
    source.put(emptySource);
    control.put(emptyControl);
  };
  return { filled, close, reuse, bring, clear };
}
