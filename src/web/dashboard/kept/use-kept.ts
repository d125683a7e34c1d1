import { useEffect, useRef, useState } from "preact/hooks";
import type { ControlDraft } from "../control/control-draft.ts";
import type { Draft } from "../draft.ts";
import type { Server } from "../server.ts";
import type { SourceDraft } from "../source/source-draft.ts";
import { ofBrowser, readKept } from "../storage.ts";
import { draftOfKept, keptDraft } from "./kept-draft.ts";
import { controlOfKept, keptControl, keptSource, sourceOfKept } from "./kept-pictures.ts";

const version = 1;
const [textsKey, picturesKey] = ["fooocusd-form", "fooocusd-form-pictures"];

/** Milliseconds of rest after which pictures are kept: to write them takes longer than a text. */
const rest = 500;

/** What was typed before the page was loaded anew. */
export const draftBefore = (): Draft => draftOfKept(readKept(textsKey, version)?.["draft"]);

type KeptParts = Readonly<{
  draft: Draft;
  source: SourceDraft;
  control: ControlDraft;
  server: Server;
  /** Whether the server can be asked for pictures that it has. */
  isReachable: boolean;
  restore: (source: SourceDraft, control: ControlDraft) => void;
}>;

/** Keeps what the form holds in the browser, so that it survives a reload: texts at once, pictures of sensible sizes after a while. */
export function useKept({ draft, source, control, server, isReachable, restore }: KeptParts): void {
  useEffect(() => {
    ofBrowser.write(textsKey, JSON.stringify({ version, draft: keptDraft(draft) }));
  }, [draft]);

  const [isBack, setBack] = useState(false);
  const begun = useRef(false);
  useEffect(() => {
    if (!isReachable || begun.current) return;
    begun.current = true;
    const kept = readKept(picturesKey, version);
    const fetchOwn = (address: string) => server.picture(address);
    const back = async () => {
      if (kept !== undefined)
        restore(await sourceOfKept(kept["source"], fetchOwn), await controlOfKept(kept["control"], fetchOwn));
      setBack(true);
    };
    void back();
  }, [isReachable]);

  useEffect(() => {
    if (!isBack) return;
    const timer = setTimeout(() => void keepPictures(source, control), rest);
    return () => clearTimeout(timer);
  }, [isBack, source, control]);
}

/** Where there is no room for the pictures, the rest is kept without them. */
async function keepPictures(source: SourceDraft, control: ControlDraft): Promise<void> {
  const kept = { version, source: await keptSource(source), control: await keptControl(control) };
  if (ofBrowser.write(picturesKey, JSON.stringify(kept))) return;
  const slots = kept.control.slots.map((slot) => ({ ...slot, picture: null }));
  const bare = {
    version,
    source: { ...kept.source, picture: null, mask: null },
    control: { ...kept.control, slots },
  };
  ofBrowser.write(picturesKey, JSON.stringify(bare));
}
