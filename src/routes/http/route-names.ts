import { type Declared, routesAt } from "./routing.ts";

/**
 * Finds the name of the route that a path belongs to: the path as it is declared. Most routes are plain paths, which are looked up;
 * only the others are compared.
 *
 * @param declared all routes, once the first path is asked for
 */
export function routeNames(declared: readonly Declared[]): (pathname: string) => string | undefined {
  let plain: ReadonlySet<string> | undefined;
  let others: readonly Declared[] = [];
  return (pathname) => {
    if (plain === undefined) {
      const hasNames = ({ path }: Declared): boolean => /[:*]/.test(path);
      plain = new Set(declared.filter((route) => !hasNames(route)).map(({ path }) => path));
      others = [...new Map(declared.filter(hasNames).map((route) => [route.path, route])).values()];
    }
    return plain.has(pathname) ? pathname : routesAt(pathname, others)[0]?.path;
  };
}
