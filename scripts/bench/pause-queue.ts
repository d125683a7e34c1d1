/** Lets no task start, where what is measured is taking and telling requests, not making pictures; or lets them start again. */
export async function pauseQueue(url: string, paused = true): Promise<void> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.onopen = () => socket.send(JSON.stringify({ type: "queue", action: paused ? "pause" : "resume" }));
  socket.onmessage = ({ data }) => {
    if (typeof data === "string" && data.includes(`"paused":${paused}`)) resolve();
  };
  socket.onerror = () => reject(new Error("the live channel could not be opened"));
  await promise;
  socket.close();
}
