import type { Painting } from "./use-painting.ts";
import type { Size } from "./view.ts";

/** How one paints, without a word on what is seen. */
export const paintHelp =
  "Wheel or two fingers zoom, the middle button moves. By keys: arrows move the brush, Space paints, E erases, [ and ] size it, + − 0 zoom, Control+Z takes back.";

/** Does what a key is for. @returns false for a key that is for nothing here */
export function paintByKey(event: KeyboardEvent, painting: Painting, picture: Size): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const { size, tool, sight } = painting;
  const stride = event.shiftKey ? 1 : Math.max(1, size / 2);
  switch (event.key) {
    case "ArrowLeft":
      return moved(painting, picture, [-stride, 0]);
    case "ArrowRight":
      return moved(painting, picture, [stride, 0]);
    case "ArrowUp":
      return moved(painting, picture, [0, -stride]);
    case "ArrowDown":
      return moved(painting, picture, [0, stride]);
    case " ":
      painting.dab();
      return true;
    case "e":
      painting.setTool(tool === "erase" ? "paint" : "erase");
      return true;
    case "[":
      painting.resize(Math.min(size - 1, size / 1.25));
      return true;
    case "]":
      painting.resize(Math.max(size + 1, size * 1.25));
      return true;
    case "+":
    case "=":
      sight.zoom(1.25);
      return true;
    case "-":
      sight.zoom(0.8);
      return true;
    case "0":
      sight.fit();
      return true;
    default:
      return false;
  }
}

function moved({ cursor, setCursor }: Painting, picture: Size, [x, y]: readonly [number, number]): true {
  const from = cursor ?? { x: picture.width / 2, y: picture.height / 2 };
  const within = (at: number, most: number) => Math.min(most, Math.max(0, at));
  setCursor({ x: within(from.x + x, picture.width), y: within(from.y + y, picture.height) });
  return true;
}
