import { useEffect, useState } from "preact/hooks";
import type { Server } from "./server.ts";

type PictureProps = Readonly<{
  src: string;
  alt: string;
  server: Server;
  /** Hears the picture's own size when it is there. */
  measure?: (size: Readonly<{ width: number; height: number }>) => void;
}>;

/** An image of the server's; where even pictures need the key, which `<img>` cannot send, it is fetched with it. */
export function Picture({ src, alt, server, measure }: PictureProps) {
  const [fetched, setFetched] = useState<string>();
  useEffect(() => {
    setFetched(undefined);
  }, [src]);
  useEffect(() => () => void (fetched !== undefined && URL.revokeObjectURL(fetched)), [fetched]);
  const retry = () => {
    if (server.key === "" || fetched !== undefined) return;
    void server
      .open(src)
      .then(async (answer) => setFetched(URL.createObjectURL(await answer.blob())))
      .catch(() => undefined);
  };
  return (
    <img
      src={fetched ?? src}
      alt={alt}
      loading="lazy"
      onError={retry}
      onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
        measure?.({ width: naturalWidth, height: naturalHeight })
      }
    />
  );
}
