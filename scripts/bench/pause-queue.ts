/** Lets no task start: what is measured is taking and telling requests, not making pictures. */
export async function pauseQueue(url: string): Promise<void> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.onopen = () => socket.send(JSON.stringify({ type: "queue", action: "pause" }));
  socket.onmessage = ({ data }) => {
    if (typeof data === "string" && data.includes('"paused":true')) resolve();
  };
  socket.onerror = () => reject(new Error("the live channel could not be opened"));
  await promise;
  socket.close();
}
