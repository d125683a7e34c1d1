import { expect, test } from "bun:test";
import type { TaskId } from "#/lib/task-id.ts";
import type { HistorySearch, HistoryStore, NewTask, Settlement } from "#/stores/history.ts";
import type { TaskImage } from "#/tasks/life-cycle/task.ts";

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;

const fresh = (n: number): NewTask => ({
  id: idOf(n),
  request: { prompt: `schön ${n}`, image_seed: 9223372036854775807n, sharpness: 2.5 },
  webhookUrl: n % 2 === 0 ? "" : "http://hook.test/",
  label: n === 1 ? "first" : null,
  door: n === 1 ? { name: "legacy", word: "image-prompt" } : { name: "fooocus-api", word: "" },
  warnings: n === 1 ? ["Too large: über."] : [],
  queuedAt: 1000 * n,
});

const image: TaskImage = {
  index: 0,
  url: "http://127.0.0.1:7866/outputs/2026-11-23/a.png",
  width: 64,
  height: 48,
  seed: "9223372036854775807",
  timings: { loading: 1, encoding: 2, denoising: 3, decoding: 4, saving: 5 },
};

const finished = (more: Partial<Settlement> = {}): Settlement => ({
  outcome: "finished",
  startedAt: 5000,
  finishedAt: 9000,
  percent: 100,
  images: [image],
  error: null,
  ...more,
});

/** The files of what is removed stay. */
const nothing = { outputs: [], inputs: false, at: 0 };

const input = (n: number): string => `${n.toString(16).padStart(64, "0")}.png`;
const bringing = (n: number, ...inputs: readonly number[]): NewTask => ({
  ...fresh(n),
  request: {
    prompt: "http://host/inputs/none.png",
    uov_input_image: `http://host/inputs/${input(inputs[0] ?? 0)}`,
    controlnet_image: inputs.slice(1).map((one) => ({ cn_img: `https://other:1/x/inputs/${input(one)}` })),
  },
});

/** What every history must do, whatever it is kept in; `open` gives an empty one. */
export function historySuite(name: string, open: () => HistoryStore | Promise<HistoryStore>): void {
  const kept = (text: string, run: (history: HistoryStore) => Promise<void>) =>
    test(`${name}: ${text}`, async () => {
      const history = await open();
      await run(history);
      await history.close();
    });

  kept("what is inserted is found again, every digit of it", async (history) => {
    const row = await history.insert(fresh(1));
    expect(await history.find(idOf(1))).toEqual({
      ...fresh(1),
      row,
      state: { status: "pending", position: 0 },
    });
    expect(await history.find(idOf(2))).toBeUndefined();
  });

  kept("warnings that a task gets later take the place of those it came with", async (history) => {
    for (const n of [1, 2]) await history.insert(fresh(n));
    await history.warned(idOf(1), ["First.", "Second."]);
    await history.settle(idOf(1), finished());
    expect((await history.find(idOf(1)))?.warnings).toEqual(["First.", "Second."]);
    expect((await history.find(idOf(2)))?.warnings).toEqual(fresh(2).warnings);
  });

  kept("an end is kept with its images, its error and where it stopped", async (history) => {
    await history.insert(fresh(1));
    const error = { code: "out-of-memory", message: "Too big.", details: { bytes: 7 } } as const;
    const settlement = finished({ outcome: "failed", percent: 28, error });
    await history.settle(idOf(1), settlement);
    expect((await history.find(idOf(1)))?.state).toEqual({ status: "settled", ...settlement });
  });

  kept("unfinished tasks come back in their order with what was saved", async (history) => {
    for (const n of [1, 2, 3, 4]) await history.insert(fresh(n));
    await history.settle(idOf(1), finished());
    await history.reorder([idOf(4), idOf(2), idOf(3)]);
    await history.started(idOf(3), 1);
    await history.imageSaved(idOf(3), [image]);
    await history.insert(fresh(5));
    const rows = await history.unfinished();
    expect(rows.map(({ id }) => id)).toEqual([idOf(3), idOf(4), idOf(2), idOf(5)]);
    expect(rows[0]).toMatchObject({ attempt: 1, images: [image], request: fresh(3).request });
    expect((await history.find(idOf(1)))?.door).toEqual({ name: "legacy", word: "image-prompt" });
  });

  kept(
    "pages are newest first and can leave tasks out; ranges are oldest first, both ends included",
    async (history) => {
      for (let n = 1; n <= 7; n += 1) await history.insert(fresh(n));
      const page = async (number: number) =>
        (await history.page({ page: number, pageSize: 3, without: [idOf(6)] })).map(({ id }) => id);
      expect([await page(0), await page(1), await page(2)]).toEqual([
        [idOf(7), idOf(5), idOf(4)],
        [idOf(3), idOf(2), idOf(1)],
        [],
      ]);
      expect((await history.range({ from: 2000, to: 4000 })).map(({ id }) => id)).toEqual([
        idOf(2),
        idOf(3),
        idOf(4),
      ]);
    },
  );

  kept(
    "a page and a row that were read before show what was written since, and the same where nothing was",
    async (history) => {
      for (const n of [1, 2]) await history.insert(fresh(n));
      const page = () => history.page({ page: 0, pageSize: 5, without: [] });
      const shown = async (n: number) => [
        (await page()).find(({ id }) => id === idOf(n)),
        await history.find(idOf(n)),
      ];
      const [before] = await page();
      expect([(await page())[0], await history.find(idOf(2))]).toEqual([before, before]);
      await history.warned(idOf(1), ["Late."]);
      for (const one of await shown(1)) expect(one?.warnings).toEqual(["Late."]);
      await history.settle(idOf(1), finished({ percent: 40, outcome: "stopped" }));
      for (const one of await shown(1))
        expect(one?.state).toMatchObject({ status: "settled", percent: 40, images: [image] });
      await history.settle(idOf(2), finished({ images: [] }));
      for (const one of await shown(2)) expect(one?.state).toMatchObject({ outcome: "finished", images: [] });
      await history.insert(fresh(3));
      expect((await page()).map(({ id }) => id)).toEqual([idOf(3), idOf(2), idOf(1)]);
      await history.remove([idOf(3), idOf(1)], nothing);
      expect((await page()).map(({ id }) => id)).toEqual([idOf(2)]);
      expect(await history.find(idOf(1))).toBeUndefined();
      // A row number and a name may come again.
      await history.insert({ ...fresh(1), request: { prompt: "another" } });
      for (const one of await shown(1)) expect(one?.request).toEqual({ prompt: "another" });
    },
  );

  kept("a recipe is kept until its task has ended or is removed", async (history) => {
    for (const n of [1, 2, 3]) await history.insert(fresh(n), `recipe ${n}`);
    await history.insert(fresh(4));
    const recipes = async () => await Promise.all([1, 2, 3, 4].map((n) => history.recipe(idOf(n))));
    expect(await recipes()).toEqual(["recipe 1", "recipe 2", "recipe 3", undefined]);
    await history.settle(idOf(1), finished());
    await history.remove([idOf(3)], nothing);
    expect(await recipes()).toEqual([undefined, "recipe 2", undefined, undefined]);
  });

  kept(
    "a key is known with what its task was told at first, when that was told more and when it is gone",
    async (history) => {
      await history.insert(fresh(1), "recipe", { key: "mine", fingerprint: "abc", forgetBefore: 0 });
      await history.insert(fresh(2));
      const known = { taskId: idOf(1), fingerprint: "abc", warnings: ["Too large: über."] };
      await history.warned(idOf(1), ["Other."]);
      expect([await history.keyed("mine", 0), await history.keyed("yours", 0)]).toEqual([known, undefined]);
      await history.settle(idOf(1), finished());
      await history.remove([idOf(1)], nothing);
      expect(await history.keyed("mine", 0)).toEqual(known);
    },
  );

  kept(
    "a key is forgotten so long after its task has ended, and after it was kept where that is gone",
    async (history) => {
      const keyed = (n: number, forgetBefore: number) =>
        history.insert(fresh(n), "", { key: `key ${n}`, fingerprint: "", forgetBefore });
      for (const n of [1, 2, 3]) await keyed(n, 0);
      await history.settle(idOf(1), finished({ finishedAt: 5000 }));
      await history.settle(idOf(3), finished({ finishedAt: 3500 }));
      await history.remove([idOf(3)], nothing);
      const known = async (forgetBefore: number): Promise<readonly number[]> => {
        const keys = await Promise.all([1, 2, 3].map((n) => history.keyed(`key ${n}`, forgetBefore)));
        return [1, 2, 3].filter((_, at) => keys[at] !== undefined);
      };
      expect(await Promise.all([3000, 3001, 5000, 5001, 1e9].map(known))).toEqual([
        [1, 2, 3],
        [1, 2],
        [1, 2],
        [2],
        [2],
      ]);
      // What is over gives way to the next, and the very same key may come again.
      await keyed(4, 5000);
      expect(await known(0)).toEqual([1, 2]);
      await history.insert(fresh(5), "", { key: "key 1", fingerprint: "new", forgetBefore: 5001 });
      expect(await history.keyed("key 1", 0)).toEqual({ taskId: idOf(5), fingerprint: "new", warnings: [] });
    },
  );

  kept("a task whose key is taken is not there at all", async (history) => {
    await history.insert(fresh(1), "", { key: "mine", fingerprint: "", forgetBefore: 0 });
    const again = history.insert(fresh(2), "", { key: "mine", fingerprint: "", forgetBefore: 0 });
    expect(await again.catch(() => "refused")).toBe("refused");
    expect([await history.find(idOf(2)), (await history.keyed("mine", 0))?.taskId]).toEqual([
      undefined,
      idOf(1),
    ]);
  });

  kept(
    "what pictures were made of is kept past the end of their task, and as long as that",
    async (history) => {
      for (const n of [1, 2]) await history.insert(fresh(n), "recipe");
      await history.keepMaking(idOf(1), '{"first":"schön"}');
      await history.keepMaking(idOf(1), '{"again":"schön"}');
      await history.settle(idOf(1), finished());
      expect(await Promise.all([1, 2].map((n) => history.making(idOf(n))))).toEqual([
        '{"again":"schön"}',
        undefined,
      ]);
      await history.remove([idOf(1)], nothing);
      expect(await history.making(idOf(1))).toBeUndefined();
    },
  );

  kept("any number of tasks are remembered as asked to stop", async (history) => {
    for (const n of [1, 2, 3]) await history.insert(fresh(n));
    for (const n of [1, 3]) await history.stopping(idOf(n));
    expect((await history.unfinished()).map(({ stopping }) => stopping)).toEqual([true, false, true]);
  });

  kept("a task ends once: a second end, and all that comes late, changes nothing of it", async (history) => {
    await history.insert(fresh(1), "recipe");
    const delivery = (id: string) => ({ id, url: "http://hook.test/", body: id, attempts: 0, nextAt: 5 });
    const first = finished({ percent: 40, outcome: "stopped" });
    expect(await history.settle(idOf(1), first, delivery("first"))).toBe(true);
    const kept = await history.find(idOf(1));
    expect(kept?.state).toEqual({ status: "settled", ...first });
    expect(await history.settle(idOf(1), finished({ images: [] }), delivery("second"))).toBe(false);
    await history.started(idOf(1), 7);
    await history.stopping(idOf(1));
    await history.warned(idOf(1), ["Late."]);
    await history.imageSaved(idOf(1), [image, image]);
    await history.reorder([idOf(1)]);
    expect(await history.find(idOf(1))).toEqual(kept as NonNullable<typeof kept>);
    expect((await history.deliveries()).map(({ id }) => id)).toEqual(["first"]);
    expect(await history.countSettled()).toBe(1);
    expect(await history.settle(idOf(2), finished())).toBe(false);
  });

  kept("what is removed is gone, and nothing else", async (history) => {
    for (const n of [1, 2, 3]) await history.insert(fresh(n));
    await history.remove([idOf(1), idOf(3)], nothing);
    expect(await Promise.all([1, 2, 3].map(async (n) => (await history.find(idOf(n)))?.id))).toEqual([
      undefined,
      idOf(2),
      undefined,
    ]);
    expect((await history.unfinished()).map(({ id }) => id)).toEqual([idOf(2)]);
  });

  kept(
    "the files of what is removed are unwanted until they are forgotten; an input only if no other task names it",
    async (history) => {
      await history.insert(bringing(1, 1, 2, 2));
      await history.insert(bringing(2, 2, 3));
      const output = { folder: "2026-11-23", name: "a.png" };
      const left = { at: 7, kind: "input", folder: "", name: input(1) } as const;
      const picture = { at: 7, kind: "output", ...output } as const;
      expect(await history.remove([idOf(1)], { outputs: [output], inputs: true, at: 7 })).toEqual([
        picture,
        left,
      ]);
      expect(await history.unwanted(10)).toEqual([left, picture]);
      expect(await history.unwanted(1)).toHaveLength(1);
      expect(await Promise.all([1, 2, 3].map((n) => history.namesInput(input(n))))).toEqual([
        false,
        true,
        true,
      ]);
      await history.forgetFiles([picture]);
      expect(await history.unwanted(10)).toEqual([left]);
      // A task that comes in later may name it again.
      await history.insert(bringing(3, 1));
      expect(await history.unwanted(10)).toEqual([]);
      expect(await history.remove([idOf(2), idOf(3)], { outputs: [], inputs: false, at: 8 })).toEqual([]);
      expect(await Promise.all([1, 2, 3].map((n) => history.namesInput(input(n))))).toEqual([
        false,
        false,
        false,
      ]);
    },
  );

  kept("ends are counted, and what is removed no longer is", async (history) => {
    for (const n of [1, 2, 3]) await history.insert(fresh(n));
    expect(await history.countSettled()).toBe(0);
    for (const n of [1, 3]) await history.settle(idOf(n), finished());
    expect(await history.countSettled()).toBe(2);
    await history.remove([idOf(1)], nothing);
    expect(await history.countSettled()).toBe(1);
  });

  const shownWith = (n: number, request: NewTask["request"]): NewTask => ({ ...fresh(n), request });
  const indexed = async (history: HistoryStore) => {
    while (await history.indexSome());
    return history;
  };
  const found = async (history: HistoryStore, query: Omit<HistorySearch, "limit">, limit = 60) =>
    (await (await indexed(history)).search({ ...query, limit })).map(({ id }) => Number.parseInt(id, 16));

  kept("a star is given once and taken away once, and goes with its task", async (history) => {
    for (const n of [1, 2, 3]) await history.insert(fresh(n));
    for (const n of [1, 1, 3]) await history.star(idOf(n), true);
    expect([...(await history.starredAmong([1, 2, 3, 4].map(idOf)))]).toEqual([idOf(1), idOf(3)]);
    await history.star(idOf(1), false);
    await history.remove([idOf(3)], nothing);
    await history.insert(fresh(3));
    expect((await history.starredAmong([1, 2, 3].map(idOf))).size).toBe(0);
  });

  kept(
    "what has ended with something to see is found, newest first, from where the last page ended",
    async (history) => {
      for (let n = 1; n <= 6; n += 1) await history.insert(fresh(n));
      for (const n of [1, 3, 5]) await history.settle(idOf(n), finished());
      await history.settle(idOf(2), finished({ images: [], outcome: "cancelled" }));
      await history.settle(idOf(4), finished({ images: [], outcome: "failed" }));
      expect(await found(history, {})).toEqual([5, 4, 3, 1]);
      const row = async (n: number) => (await history.find(idOf(n)))?.row;
      expect(await found(history, {}, 2)).toEqual([5, 4]);
      // One that runs is shown with the pictures it has.
      await history.imageSaved(idOf(6), [image]);
      expect(await found(history, {})).toEqual([6, 5, 4, 3, 1]);
      await history.imageSaved(idOf(6), []);
      await history.remove([idOf(5)], nothing);
      await history.insert(fresh(7));
      await history.settle(idOf(7), finished());
      expect(await found(history, { before: await row(4) }, 2)).toEqual([3, 1]);
      expect(await found(history, { task: idOf(3) })).toEqual([3]);
      expect(await found(history, { task: idOf(6) })).toEqual([]);
    },
  );

  kept("words, model, style, time and star narrow a search, alone and together", async (history) => {
    const asked = [
      { prompt: "A lighthouse, at dusk", base_model_name: "a.safetensors", style_selections: ["SAI Anime"] },
      { prompt: "schöne Straße", base_model_name: "b.safetensors", style_selections: [] },
      {
        prompt: "红色的圆形",
        base_model_name: "a.safetensors",
        style_selections: ["SAI Anime", "Fooocus V2"],
      },
      {
        prompt: 'dusk" OR (AND NOT) near*',
        base_model_name: "b.safetensors",
        style_selections: ["Fooocus V2"],
      },
    ];
    for (const [at, request] of asked.entries()) {
      await history.insert(shownWith(at + 1, request));
      await history.settle(idOf(at + 1), finished());
    }
    const words = (text: string) => found(history, { words: text });
    expect([
      await words("DUSK light"),
      await words("house"),
      await words("schone"),
      await words("dus"),
    ]).toEqual([[1], [], [2], [4, 1]]);
    expect([await words("圆"), await words("红色"), await words("色红")]).toEqual([[3], [3], []]);
    // What is an operator to the index is a text to people.
    expect([
      await words('"dusk'),
      await words("NOT"),
      await words("AND"),
      await words("prompt:dusk"),
      await words("-"),
    ]).toEqual([[4, 1], [4], [4], [], []]);
    expect(await found(history, { model: "a.safetensors" })).toEqual([3, 1]);
    expect(await found(history, { style: "Fooocus V2", words: "dusk" })).toEqual([4]);
    expect(await found(history, { from: 2000, to: 3000 })).toEqual([3, 2]);
    await history.star(idOf(1), true);
    expect([
      await found(history, { starred: true }),
      await found(history, { starred: true, words: "红" }),
    ]).toEqual([[1], []]);
    expect((await history.usedNames()).map(({ name, tasks }) => `${name} ${tasks}`)).toEqual([
      "Fooocus V2 2",
      "SAI Anime 2",
      "a.safetensors 2",
      "b.safetensors 2",
    ]);
    await history.remove([idOf(4)], nothing);
    await history.insert(shownWith(9, { prompt: "a cat" }));
    await history.settle(idOf(9), finished());
    expect([await words("dusk"), await words("cat"), await found(history, { style: "Fooocus V2" })]).toEqual([
      [1],
      [9],
      [3],
    ]);
  });

  kept("counters keep their value", async (history) => {
    expect(await history.counter("seq")).toBe(0);
    await history.setCounter("seq", 4_000_000_000);
    expect(await history.counter("seq")).toBe(4_000_000_000);
  });

  kept("a delivery waits with its task's end until it is delivered", async (history) => {
    await history.insert(fresh(1));
    const delivery = { id: "msg_1", url: "http://hook.test/", body: "{}", attempts: 0, nextAt: 500 };
    await history.settle(idOf(1), finished(), delivery);
    const { body, ...waiting } = delivery;
    expect(await history.deliveries()).toEqual([waiting]);
    expect(await history.deliveryBody(delivery.id)).toBe(body);
    await history.reschedule("msg_1", 1, 900);
    expect(await history.deliveries()).toEqual([{ ...waiting, attempts: 1, nextAt: 900 }]);
    await history.delivered("msg_1");
    expect([await history.deliveries(), await history.deliveryBody(delivery.id)]).toEqual([[], undefined]);
  });
}
