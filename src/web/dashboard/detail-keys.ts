import type { DetailProps } from "./detail.tsx";

/** What keys do while a picture is shown large. @param view opens the full view */
export function detailKeys({ shown, work, move, close }: DetailProps, view: () => void) {
  const { tile } = shown;
  const ofTile: Readonly<Record<string, () => void>> =
    tile === undefined
      ? {}
      : {
          s: () => work.star([tile], !tile.task.starred),
          d: () => work.download([tile]),
          Delete: () => {
            close();
            work.remove([tile]);
          },
        };
  const deeds: Readonly<Record<string, () => void>> = {
    ...ofTile,
    ArrowLeft: () => move(-1),
    ArrowRight: () => move(1),
    z: view,
  };
  return ({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): void => {
    if (!ctrlKey && !metaKey && !altKey) deeds[key]?.();
  };
}
