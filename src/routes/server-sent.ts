/**
 * Texts as an event stream: each as soon as it is there and the client takes it, a comment between them so that nobody
 * in the middle thinks the line is dead. A client that goes away ends the iteration.
 *
 * @param ping the comment, every 15 s
 */
export function serverSent(texts: AsyncIterable<string>, ping: () => string): Response {
  const iterator = texts[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setInterval> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => controller.enqueue(encoder.encode(ping())), pingMilliseconds);
    },
    async pull(controller) {
      try {
        const next = await iterator.next();
        if (next.done !== true) return controller.enqueue(encoder.encode(next.value));
      } catch (thrown) {
        // A ping into a broken stream would take the whole server along.
        clearInterval(timer);
        throw thrown;
      }
      clearInterval(timer);
      controller.close();
    },
    async cancel() {
      clearInterval(timer);
      await iterator.return?.();
    },
  });
  return new Response(stream, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
  });
}

const pingMilliseconds = 15_000;
