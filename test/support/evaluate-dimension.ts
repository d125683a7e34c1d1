import type { Dimension } from "#/graph/dimensions.ts";

/**
 * The number that a symbolic dimension is once its names have values: products, sums, quotients, and `floor` and `ceil`
 * of them. Written without the code that makes the expressions, so that it can judge it.
 */
export function evaluateDimension(dim: Dimension, names: Readonly<Record<string, number>>): number {
  const tokens = String(dim).match(/[A-Za-z_]\w*|-?\d+|[()*/+]/g) ?? [];
  let at = 0;
  const expect = (token: string): void => {
    if (tokens[at] !== token) throw new Error(`${dim}: ${token} is missing at ${at}`);
    at += 1;
  };
  const parenthesised = (): number => {
    expect("(");
    const value = sum();
    expect(")");
    return value;
  };
  const atom = (): number => {
    const token = tokens[at] ?? "";
    if (token === "(") return parenthesised();
    at += 1;
    if (token === "floor") return Math.floor(parenthesised());
    if (token === "ceil") return Math.ceil(parenthesised());
    const value = /^-?\d+$/.test(token) ? Number(token) : names[token];
    if (value === undefined) throw new Error(`${dim}: nothing is known of ${token}`);
    return value;
  };
  const term = (): number => {
    let value = atom();
    while (tokens[at] === "*" || tokens[at] === "/") {
      at += 1;
      value = tokens[at - 1] === "*" ? value * atom() : value / atom();
    }
    return value;
  };
  function sum(): number {
    let value = term();
    while (tokens[at] === "+") {
      at += 1;
      value += term();
    }
    return value;
  }
  const value = sum();
  if (at !== tokens.length) throw new Error(`${dim} goes on after ${at} tokens`);
  return value;
}
