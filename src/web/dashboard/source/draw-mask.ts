import { type MaskHistory, type MaskStep, visible } from "./mask-history.ts";

/** What is repainted is seen in this colour; only its opacity counts. */
const colour = "rgb(226 62 118)";

/** Draws a mask anew: opaque is what is to be repainted. */
export function drawMask(context: CanvasRenderingContext2D, mask: MaskHistory): void {
  const { width, height } = context.canvas;
  context.globalCompositeOperation = "source-over";
  context.clearRect(0, 0, width, height);
  for (const step of visible(mask)) drawStep(context, step);
}

/** Adds one step to what is drawn. */
export function drawStep(context: CanvasRenderingContext2D, step: MaskStep): void {
  const { width, height } = context.canvas;
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.globalCompositeOperation = "source-over";
  switch (step.kind) {
    case "fill":
      return context.fillRect(0, 0, width, height);
    case "clear":
      return context.clearRect(0, 0, width, height);
    case "invert":
      // What is opaque becomes clear, and the other way round.
      context.globalCompositeOperation = "xor";
      return context.fillRect(0, 0, width, height);
    case "load":
      context.clearRect(0, 0, width, height);
      return context.drawImage(step.picture, 0, 0, width, height);
    case "area":
      outline(context, step.points);
      return context.fill();
    case "stroke": {
      context.globalCompositeOperation = step.erase ? "destination-out" : "source-over";
      context.lineWidth = step.width;
      context.lineCap = "round";
      context.lineJoin = "round";
      outline(context, step.points);
      context.stroke();
      // A stroke of one point has no length, and would not be seen.
      const [first] = step.points;
      if (first === undefined) return;
      context.beginPath();
      context.arc(first.x, first.y, step.width / 2, 0, 2 * Math.PI);
      return context.fill();
    }
  }
}

function outline(context: CanvasRenderingContext2D, points: readonly { x: number; y: number }[]): void {
  context.beginPath();
  for (const { x, y } of points) context.lineTo(x, y);
}
