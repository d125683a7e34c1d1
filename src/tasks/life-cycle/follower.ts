import { Inbox } from "#/lib/inbox.ts";
import type { LiveEvent } from "./events.ts";

/** With this many unread events, progress is merged into the newest. */
const crowded = 64;

/** A reader this far behind is cut off; it comes back with the last number it saw. */
const most = 20_000;

/** The unread events of one reader, which may be slow. */
export const follower = (): Inbox<LiveEvent> =>
  new Inbox({
    crowding: {
      from: crowded,
      keyOf: (event) => (event.type === "progress" ? event.taskId : undefined),
    },
    most,
  });
