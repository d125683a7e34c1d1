/** The day and the time of a moment where the server is, as folders and files are called. */
export function localStamp(at: Date): Readonly<{ day: string; time: string }> {
  const two = (value: number): string => String(value).padStart(2, "0");
  return {
    day: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    time: `${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}`,
  };
}
