import { MultiBar, Presets } from "cli-progress";
import { inUnits } from "#/lib/in-units.ts";

/** A bar of something that is counted. */
export type Bar = Readonly<{
  /**
   * @param total  undefined where nobody has said
   * @param leftMs milliseconds to the end, where somebody knows it better than the bar
   */
  update: (value: number, total: number | undefined, leftMs?: number) => void;
  done: () => void;
}>;

/** Bars on standard error: drawn where that is a terminal, else a line now and then. */
export type Bars = Readonly<{
  add: (name: string) => Bar;
  /** Says something between them. */
  say: (sentence: string) => void;
  stop: () => void;
}>;

/** What is counted. */
type Unit = "bytes" | "steps";

export const openBars = (unit: Unit): Bars => (process.stderr.isTTY ? drawnBars(unit) : spokenBars(unit));

const shown = (value: number, unit: Unit): string => (unit === "bytes" ? inUnits(value) : `${value}`);

function drawnBars(unit: Unit): Bars {
  const bars = new MultiBar(
    {
      stream: process.stderr,
      format:
        unit === "bytes"
          ? "{name} {bar} {percentage}% {there} of {all}, {eta_formatted} left"
          : "{name} {bar} {percentage}%{left}",
      barsize: 24,
      etaBuffer: 20,
      hideCursor: true,
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  return {
    add: (name) => {
      const bar = bars.create(1, 0, { name, there: shown(0, unit), all: "?", left: "" });
      return {
        update: (value, total, leftMs) => {
          bar.setTotal(total ?? Math.max(1, value * 2));
          bar.update(value, {
            there: shown(value, unit),
            all: total === undefined ? "?" : shown(total, unit),
            left: leftMs === undefined ? "" : `, ${Math.ceil(leftMs / 1000)} s left`,
          });
        },
        done: () => {
          bar.stop();
          bars.remove(bar);
        },
      };
    },
    say: (sentence) => {
      bars.log(`${sentence}\n`);
      bars.update();
    },
    stop: () => bars.stop(),
  };
}

/** Milliseconds between two lines where no bar can be drawn. */
const lineEvery = 10_000;

function spokenBars(unit: Unit): Bars {
  const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`);
  return {
    add: (name) => {
      let last = performance.now();
      return {
        update: (value, total) => {
          const now = performance.now();
          if (now - last < lineEvery) return;
          last = now;
          const all = total === undefined ? "" : ` of ${shown(total, unit)}`;
          say(`${name}: ${shown(value, unit)}${all}`);
        },
        done: () => undefined,
      };
    },
    say,
    stop: () => undefined,
  };
}
