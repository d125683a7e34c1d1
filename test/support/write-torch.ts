import { crc32, deflateRawSync } from "node:zlib";
import { dict, int, joined, list, little, op, pickle, text } from "./pickle-bytes.ts";

/** A member of an archive by hand; what is said here and not true is what a test is about. */
export type Member = Readonly<{
  name: string;
  bytes: Uint8Array;
  deflated?: boolean;
  /** In the list of members, where it differs from the member's own header. */
  listed?: Readonly<{
    name?: string;
    size?: number;
    crc?: number;
    method?: number;
    flags?: number;
    local?: number;
  }>;
  /** Bytes between this member and the next. */
  gap?: Uint8Array;
}>;

/** A zip archive without descriptors and 64-bit fields, as most zip programs write it. */
export function zip(members: readonly Member[], comment = new Uint8Array()): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes, deflated = false, listed = {}, gap = new Uint8Array() } of members) {
    const data = deflated ? new Uint8Array(deflateRawSync(bytes)) : bytes;
    const own = new TextEncoder().encode(name);
    const method = deflated ? 8 : 0;
    const crc = crc32(bytes);
    const sizes = (sum: number, size: number) =>
      joined(little(sum, 4), little(data.length, 4), little(size, 4));
    const local = joined(
      little(0x04034b50, 4),
      little(20, 2),
      little(0, 2),
      little(method, 2),
      little(0, 4),
      sizes(crc, bytes.length),
      little(own.length, 2),
      little(0, 2),
      own,
    );
    const other = new TextEncoder().encode(listed.name ?? name);
    directory.push(
      joined(
        little(0x02014b50, 4),
        little(20, 2),
        little(20, 2),
        little(listed.flags ?? 0, 2),
        little(listed.method ?? method, 2),
        little(0, 4),
        sizes(listed.crc ?? crc, listed.size ?? bytes.length),
        little(other.length, 2),
        little(0, 2),
        little(0, 2),
        little(0, 2),
        little(0, 2),
        little(0, 4),
        little(listed.local ?? at, 4),
        other,
      ),
    );
    parts.push(local, data, gap);
    at += local.length + data.length + gap.length;
  }
  const list = joined(...directory);
  const end = joined(
    little(0x06054b50, 4),
    little(0, 4),
    little(members.length, 2),
    little(members.length, 2),
    little(list.length, 4),
    little(at, 4),
    little(comment.length, 2),
    comment,
  );
  return joined(...parts, list, end);
}

/** The members of a torch file. */
export const torchMembers = (
  object: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
): readonly Member[] => [
  { name: "archive/data.pkl", bytes: object },
  { name: "archive/version", bytes: new TextEncoder().encode("3\n") },
  ...Object.entries(storages).map(([key, bytes]) => ({ name: `archive/data/${key}`, bytes })),
];

const magic = op(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e);

/** A torch file of the form before 1.6; storages of float32. */
export function legacy(
  object: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
  { little: isLittle = true, version = 1001, keys = Object.keys(storages) } = {},
): Uint8Array {
  const system = dict(["protocol_version", int(1001)], ["little_endian", op(isLittle ? 0x88 : 0x89)]);
  return joined(
    magic,
    pickle(int(version)),
    pickle(system),
    object,
    pickle(list(...keys.map(text))),
    ...Object.values(storages).flatMap((bytes) => [little(bytes.length / 4, 8), bytes]),
  );
}
