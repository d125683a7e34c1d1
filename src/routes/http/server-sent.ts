/**
 * Texts as an event stream: each as soon as it is there and the client takes it, a comment between them so that nobody
 * in the middle thinks the line is dead. A client that goes away ends the iteration.
 *
 * @param ping the comment, every 15 s. Also once at the start when there is nothing to say yet: Bun sends the headers with
 *   the first byte, and a client must not wait for them.
 */
export function serverSent(texts: AsyncIterable<string>, ping: () => string): Response {
  const iterator = texts[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let timer: ReturnType<typeof setInterval> | undefined;
  let opening: ReturnType<typeof setTimeout> | undefined;
  const end = (): void => {
    clearTimeout(opening);
    clearInterval(timer);
  };
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const say = (): void => controller.enqueue(encoder.encode(ping()));
      opening = setTimeout(say, openingMilliseconds);
      timer = setInterval(say, pingMilliseconds);
    },
    async pull(controller) {
      try {
        const next = await iterator.next();
        clearTimeout(opening);
        if (next.done !== true) {
          controller.enqueue(encoder.encode(next.value));
          // Bun puts what comes in one turn into one chunk, and there are clients that take a chunk for an event.
          return await new Promise<void>((resolve) => setImmediate(resolve));
        }
      } catch (thrown) {
        // A ping into a broken stream would take the whole server along.
        end();
        throw thrown;
      }
      end();
      controller.close();
    },
    async cancel() {
      end();
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
const openingMilliseconds = 250;
