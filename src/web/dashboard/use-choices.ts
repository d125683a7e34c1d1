import { useEffect, useState } from "preact/hooks";
import { type Choices, type Description, noChoices, noDescription } from "./choices.ts";
import { type Complaint, Refused } from "./complaint.ts";
import type { Server } from "./server.ts";
import { textOf } from "./values.ts";

/**
 * What may be chosen and what is meant by fields that are left open, for the preset and the model at hand; read anew when one of
 * them is another.
 *
 * @param stale rises when lists should be read anew; undefined while the server cannot be reached
 */
export function useChoices(
  server: Server,
  settings: Readonly<Record<string, unknown>>,
  stale: number | undefined,
) {
  const [choices, setChoices] = useState<Choices>(noChoices);
  const [description, setDescription] = useState<Description>(noDescription);
  const [complaints, setComplaints] = useState<readonly Complaint[]>([]);
  const preset = textOf(settings["preset"]);
  const model = textOf(settings["base_model_name"]);

  useEffect(() => {
    if (stale === undefined) return;
    let isOver = false;
    server.choices({ preset, base_model_name: model }).then(
      (read) => {
        if (isOver) return;
        setChoices(read);
        setComplaints([]);
      },
      // What cannot be used is said where it was chosen; what there was to choose from stays.
      (error: unknown) => void (!isOver && error instanceof Refused && setComplaints(error.complaints)),
    );
    return () => void (isOver = true);
  }, [server, preset, model, stale]);

  const isKnown = description !== noDescription;
  useEffect(() => {
    if (stale !== undefined && !isKnown) void server.description().then(setDescription, () => undefined);
  }, [server, stale, isKnown]);
  return { choices, description, complaints };
}
