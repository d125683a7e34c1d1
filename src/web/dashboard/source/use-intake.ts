import { useEffect, useState } from "preact/hooks";

/**
 * Pictures that are dropped anywhere on the page, or pasted. Whatever file is dropped is taken: what is none is said, and
 * the browser does not leave the page for it.
 *
 * @param take    a file; `onto` is where it was dropped
 * @param takeOwn an address of this server: a picture of this page that was dragged without its file
 * @returns whether something is held over the page that may be dropped
 */
export function useIntake(
  take: (file: File, onto: Element | undefined) => void,
  takeOwn: (address: string) => void,
): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const listen = <K extends keyof DocumentEventMap>(type: K, heard: (event: DocumentEventMap[K]) => void) =>
      document.addEventListener(type, heard, { signal });
    listen("dragover", (event) => {
      const { types = [] } = event.dataTransfer ?? {};
      if (!types.includes("Files") && !types.includes("text/uri-list")) return;
      event.preventDefault();
      // A control image's place shows by itself that it takes what is held over it.
      setOver(!(event.target instanceof Element && event.target.closest(".slot") !== null));
    });
    listen("dragleave", (event) => {
      if (event.relatedTarget === null) setOver(false);
    });
    listen("drop", (event) => {
      setOver(false);
      const dropped = droppedPicture(event.dataTransfer);
      // What has been taken by a part of the page is not taken twice.
      if (event.defaultPrevented || dropped === undefined) return;
      event.preventDefault();
      if ("file" in dropped) take(dropped.file, event.target instanceof Element ? event.target : undefined);
      else takeOwn(dropped.address);
    });
    listen("paste", (event) => {
      const file = pictureOf(event.clipboardData);
      if (file === undefined) return;
      event.preventDefault();
      take(file, undefined);
    });
    return () => abort.abort();
  }, [take, takeOwn]);
  return over;
}

/** What was dropped: a file, of whatever kind, or the address of a picture of this page. */
export function droppedPicture(
  data: DataTransfer | null,
): Readonly<{ file: File } | { address: string }> | undefined {
  const file = pictureOf(data) ?? data?.files[0];
  if (file !== undefined) return { file };
  const address = data?.getData("text/uri-list") ?? "";
  return isOwn(address) ? { address } : undefined;
}

const isOwn = (address: string): boolean =>
  address.startsWith(new URL(".", document.baseURI).href) && /\/(outputs|inputs)\/[^\s/]/.test(address);

const pictureOf = (data: DataTransfer | null): File | undefined =>
  [...(data?.files ?? [])].find(({ type }) => type.startsWith("image/"));
