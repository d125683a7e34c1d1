import type { App } from "#/app.ts";
import type { ServiceManager } from "#/native/service-manager.ts";

/**
 * Tells who supervises the server that it is ready, what it does, and that it stops.
 *
 * @returns the same server, whose closing is told
 */
export function tellSupervisor(app: App, manager: ServiceManager | undefined): App {
  if (manager === undefined) return app;
  let isLeaving = false;
  manager.ready(statusOf(app));
  app.tasks.subscribe(({ type }) => {
    if (type !== "queue" && type !== "settled") return;
    // What is told as ended runs until this turn is over.
    setImmediate(() => {
      if (!isLeaving) manager.status(statusOf(app));
    });
  });
  return {
    ...app,
    close: async () => {
      isLeaving = true;
      const isDrawing = app.tasks.running().length > 0;
      manager.stopping(isDrawing ? "Stops when the picture at hand is finished" : "Stops");
      await app.close();
    },
  };
}

function statusOf({ url, tasks }: Pick<App, "url" | "tasks">): string {
  const running = tasks.running().length;
  const waiting = tasks.queue.pending.length;
  return running + waiting === 0 ? `Ready at ${url}` : `Draws ${running}, ${waiting} wait; at ${url}`;
}
