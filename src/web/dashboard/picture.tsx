import { useEffect, useRef, useState } from "preact/hooks";
import type { Server } from "./server.ts";

type PictureProps = Readonly<{
  src: string;
  alt: string;
  server: Server;
  /** Another address, where there is nothing at the first. */
  otherwise?: string;
  /** Hears the picture's own size when it is there. */
  measure?: (size: Readonly<{ width: number; height: number }>) => void;
}>;

/** An image of the server's; where even pictures need the key, which `<img>` cannot send, it is fetched with it. */
export function Picture({ src, alt, server, otherwise, measure }: PictureProps) {
  const [fetched, setFetched] = useState<string>();
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    setFetched(undefined);
  }, [src]);
  useEffect(() => () => void (fetched?.startsWith("blob:") && URL.revokeObjectURL(fetched)), [fetched]);
  // One that has left the page need not come any more.
  useEffect(() => {
    const element = image.current;
    return () => element?.complete === false && element.removeAttribute("src");
  }, []);
  const retry = () => {
    if (fetched !== undefined) return;
    if (server.key === "") return setFetched(otherwise);
    void server
      .open(src)
      .then(async (answer) => setFetched(URL.createObjectURL(await answer.blob())))
      .catch(() => setFetched(otherwise));
  };
  return (
    <img
      ref={image}
      src={fetched ?? src}
      alt={alt}
      loading="lazy"
      decoding="async"
      onError={retry}
      onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
        measure?.({ width: naturalWidth, height: naturalHeight })
      }
    />
  );
}
