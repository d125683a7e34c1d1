/**
 * Does some work, and passes on what it tells meanwhile, each thing as soon as the work lets others have their turn.
 *
 * @returns what the work gives
 */
export async function* whileTelling<Told, Done>(
  work: (tell: (told: Told) => void) => Promise<Done>,
): AsyncGenerator<Told, Done, undefined> {
  const waiting: Told[] = [];
  let wake: (isDone: boolean) => void = () => undefined;
  const done = work((told) => {
    waiting.push(told);
    wake(false);
  });
  const isDone = done.then(() => true);
  // Whoever is told may look away for ever; what fails then is nobody's.
  isDone.catch(() => undefined);
  for (let ended = false; !ended; ) {
    const news = new Promise<boolean>((resolve) => {
      wake = resolve;
    });
    ended = waiting.length === 0 && (await Promise.race([isDone, news]));
    for (let told = waiting.shift(); told !== undefined; told = waiting.shift()) yield told;
  }
  return await done;
}
