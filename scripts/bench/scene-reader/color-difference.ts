import type { Lab } from "./lab.ts";

const radians = Math.PI / 180;

/**
 * CIEDE2000, the standard's measure of how different two colours look (Sharma, Wu and Dalal 2005). Plain distance in
 * Lab takes violet for blue and makes too much of differences between strong colours.
 */
export function colorDifference(one: Lab, other: Lab): number {
  const chroma = (Math.hypot(one[1], one[2]) + Math.hypot(other[1], other[2])) / 2;
  const stretch = 1 + 0.5 * (1 - Math.sqrt(chroma ** 7 / (chroma ** 7 + 25 ** 7)));
  const p = polar(one, stretch);
  const q = polar(other, stretch);
  const c = (p.c + q.c) / 2;
  const gray = p.c * q.c === 0;
  const turn = gray ? 0 : ((q.h - p.h + 540) % 360) - 180;
  const h = gray ? p.h + q.h : (p.h + turn / 2 + 360) % 360;
  const t = 1 - 0.17 * cos(h - 30) + 0.24 * cos(2 * h) + 0.32 * cos(3 * h + 6) - 0.2 * cos(4 * h - 63);
  const middle = ((one[0] + other[0]) / 2 - 50) ** 2;
  const l = (other[0] - one[0]) / (1 + (0.015 * middle) / Math.sqrt(20 + middle));
  const dc = (q.c - p.c) / (1 + 0.045 * c);
  const dh = (2 * Math.sqrt(p.c * q.c) * Math.sin((turn / 2) * radians)) / (1 + 0.015 * c * t);
  const bend = 60 * Math.exp(-(((h - 275) / 25) ** 2)) * radians;
  const rotation = -2 * Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7)) * Math.sin(bend);
  return Math.sqrt(l * l + dc * dc + dh * dh + rotation * dc * dh);
}

function polar([, a, b]: Lab, stretch: number): Readonly<{ c: number; h: number }> {
  return { c: Math.hypot(a * stretch, b), h: (Math.atan2(b, a * stretch) / radians + 360) % 360 };
}

const cos = (degrees: number): number => Math.cos(degrees * radians);
