import { afterAll, expect, test } from "bun:test";
import { isPrivateAddress } from "#/outgoing/private-address.ts";
import { type FetchLimits, safeFetch } from "#/outgoing/safe-fetch.ts";

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/loop") return Response.redirect("/loop");
    if (pathname === "/hop") return Response.redirect("/ok");
    if (pathname === "/big") return new Response(new Uint8Array(5000));
    if (pathname === "/slow") return new Promise<Response>(() => undefined);
    return new Response(`${request.method} ${request.headers.get("host")}`);
  },
});
afterAll(() => server.stop(true));

const open: FetchLimits = { maxBytes: 4000, milliseconds: 2000, redirects: 3, allowPrivate: true };
const get = (path: string, limits = open) =>
  safeFetch({ url: `http://127.0.0.1:${server.port}${path}`, method: "GET" }, limits);
const here = async () => [{ address: "127.0.0.1", family: 4 }];

test("private, loopback, link-local and mapped addresses are recognised", () => {
  const inside = [
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
  ];
  const inside6 = ["::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::7f00:1"];
  for (const address of [...inside, ...inside6, "255.255.255.255", "not an address"]) {
    expect([address, isPrivateAddress(address)]).toEqual([address, true]);
  }
  for (const address of ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]) {
    expect([address, isPrivateAddress(address)]).toEqual([address, false]);
  }
});

test("a private target is refused, by address and by what its name resolves to", async () => {
  const strict = { ...open, allowPrivate: false };
  await expect(get("/ok", strict)).rejects.toThrow("private network");
  await expect(safeFetch({ url: "http://public.test/", method: "GET" }, strict, here)).rejects.toThrow(
    "private",
  );
  await expect(safeFetch({ url: "http://[::1]/", method: "GET" }, strict)).rejects.toThrow("private network");
  await expect(safeFetch({ url: "http://2130706433/", method: "GET" }, strict)).rejects.toThrow(
    "private network",
  );
});

test("the connection goes to the checked address and carries the name", async () => {
  const answer = await safeFetch(
    { url: `http://public.test:${server.port}/ok`, method: "POST", body: "x" },
    open,
    here,
  );
  expect(new TextDecoder().decode(answer.body)).toBe(`POST public.test:${server.port}`);
});

test("redirects are followed up to the limit", async () => {
  expect((await get("/hop")).status).toBe(200);
  await expect(get("/loop")).rejects.toThrow("redirects too often");
  await expect(get("/hop", { ...open, redirects: 0 })).rejects.toThrow("not followed");
});

test("size and time are limited, and what is no web address is refused", async () => {
  await expect(get("/big")).rejects.toThrow("larger than 4000 bytes");
  await expect(get("/slow", { ...open, milliseconds: 100 })).rejects.toThrow("did not answer within 0.1 s");
  await expect(safeFetch({ url: "file:///etc/passwd", method: "GET" }, open)).rejects.toThrow(
    "only http and https",
  );
  await expect(safeFetch({ url: "no url", method: "GET" }, open)).rejects.toThrow("not a URL");
});
