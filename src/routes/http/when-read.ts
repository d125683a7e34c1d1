/**
 * The same answer, whose reader is watched: `over` is called once, when its body was read to the end, failed, or is wanted no
 * longer. Nothing is read ahead: what is sent, and when, stays as it was.
 */
export function whenRead(answer: Response, over: () => void): Response {
  const reader = answer.body?.getReader();
  if (reader === undefined) {
    over();
    return answer;
  }
  let told = false;
  const end = (): void => {
    if (!told) over();
    told = true;
  };
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await reader.read();
          if (!next.done) return controller.enqueue(next.value);
          end();
          controller.close();
        } catch (thrown) {
          end();
          throw thrown;
        }
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  const { status, statusText, headers } = answer;
  return new Response(body, { status, statusText, headers });
}
