import { EngineError } from "#/lib/errors.ts";
import type { Connection } from "../../redis/connection.ts";

/** Bytes of a piece: so few that others on the same connection, and the question whether Redis is there, need not wait for long. */
const pieceBytes = 256 * 1024;

/** How many pieces a file is cut into. */
export const piecesOf = ({ length }: Uint8Array): number => Math.ceil(length / pieceBytes);

/**
 * Writes a file as a hash of pieces.
 *
 * @param milliseconds for which each piece written keeps it there
 * @throws EngineError `fleet-unavailable`, `interrupted` with the signal
 */
export async function writePieces(
  connection: Connection,
  key: string,
  bytes: Uint8Array,
  { milliseconds, signal }: Readonly<{ milliseconds: number; signal: AbortSignal }>,
): Promise<void> {
  for (let piece = 0; piece < piecesOf(bytes); piece += 1) {
    if (signal.aborted) throw new EngineError("interrupted", "Nobody waits for the answer any more.");
    const part = Buffer.from(bytes.subarray(piece * pieceBytes, (piece + 1) * pieceBytes));
    await connection.ask((client) =>
      client.multi().hset(key, String(piece), part).pexpire(key, milliseconds).exec(),
    );
  }
}

/** What {@link writePieces} wrote. @throws EngineError `fleet-unavailable`, `interrupted` where a piece is not there any more */
export async function readPieces(connection: Connection, key: string, pieces: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let piece = 0; piece < pieces; piece += 1) {
    const part = await connection.ask((client) => client.hgetBuffer(key, String(piece)));
    if (part === null) throw new EngineError("interrupted", "Nobody waits for the answer any more.");
    parts.push(part);
  }
  return Buffer.concat(parts);
}
