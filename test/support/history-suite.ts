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
export function historySuite(name: string, open: () => HistoryStore): void {
  const kept = (text: string, run: (history: HistoryStore) => void) =>
    test(`${name}: ${text}`, () => {
      const history = open();
      run(history);
      history.close();
    });

  kept("what is inserted is found again, every digit of it", (history) => {
    const row = history.insert(fresh(1));
    expect(history.find(idOf(1))).toEqual({ ...fresh(1), row, state: { status: "pending", position: 0 } });
    expect(history.find(idOf(2))).toBeUndefined();
  });

  kept("warnings that a task gets later take the place of those it came with", (history) => {
    for (const n of [1, 2]) history.insert(fresh(n));
    history.warned(idOf(1), ["First.", "Second."]);
    history.settle(idOf(1), finished());
    expect(history.find(idOf(1))?.warnings).toEqual(["First.", "Second."]);
    expect(history.find(idOf(2))?.warnings).toEqual(fresh(2).warnings);
  });

  kept("an end is kept with its images, its error and where it stopped", (history) => {
    history.insert(fresh(1));
    const error = { code: "out-of-memory", message: "Too big.", details: { bytes: 7 } } as const;
    const settlement = finished({ outcome: "failed", percent: 28, error });
    history.settle(idOf(1), settlement);
    expect(history.find(idOf(1))?.state).toEqual({ status: "settled", ...settlement });
  });

  kept("unfinished tasks come back in their order with what was saved", (history) => {
    for (const n of [1, 2, 3, 4]) history.insert(fresh(n));
    history.settle(idOf(1), finished());
    history.reorder([idOf(4), idOf(2), idOf(3)]);
    history.started(idOf(3), 1);
    history.imageSaved(idOf(3), [image]);
    history.insert(fresh(5));
    const rows = history.unfinished();
    expect(rows.map(({ id }) => id)).toEqual([idOf(3), idOf(4), idOf(2), idOf(5)]);
    expect(rows[0]).toMatchObject({ attempt: 1, images: [image], request: fresh(3).request });
    expect(history.find(idOf(1))?.door).toEqual({ name: "legacy", word: "image-prompt" });
  });

  kept(
    "pages are newest first and can leave tasks out; ranges are oldest first, both ends included",
    (history) => {
      for (let n = 1; n <= 7; n += 1) history.insert(fresh(n));
      const page = (number: number) =>
        history.page({ page: number, pageSize: 3, without: [idOf(6)] }).map(({ id }) => id);
      expect([page(0), page(1), page(2)]).toEqual([
        [idOf(7), idOf(5), idOf(4)],
        [idOf(3), idOf(2), idOf(1)],
        [],
      ]);
      expect(history.range({ from: 2000, to: 4000 }).map(({ id }) => id)).toEqual([
        idOf(2),
        idOf(3),
        idOf(4),
      ]);
    },
  );

  kept(
    "a page and a row that were read before show what was written since, and the same task where nothing was",
    (history) => {
      for (const n of [1, 2]) history.insert(fresh(n));
      const page = () => history.page({ page: 0, pageSize: 5, without: [] });
      const shown = (n: number) => [page().find(({ id }) => id === idOf(n)), history.find(idOf(n))];
      const [before] = page();
      expect([page()[0], history.find(idOf(2))]).toEqual([before, before]);
      expect(page()[0]).toBe(before as NonNullable<typeof before>);
      history.warned(idOf(1), ["Late."]);
      for (const one of shown(1)) expect(one?.warnings).toEqual(["Late."]);
      history.settle(idOf(1), finished({ percent: 40, outcome: "stopped" }));
      for (const one of shown(1))
        expect(one?.state).toMatchObject({ status: "settled", percent: 40, images: [image] });
      history.settle(idOf(1), finished({ images: [] }));
      for (const one of shown(1)) expect(one?.state).toMatchObject({ outcome: "finished", images: [] });
      history.insert(fresh(3));
      expect(page().map(({ id }) => id)).toEqual([idOf(3), idOf(2), idOf(1)]);
      history.remove([idOf(3), idOf(1)], nothing);
      expect(page().map(({ id }) => id)).toEqual([idOf(2)]);
      expect(history.find(idOf(1))).toBeUndefined();
      // A row number and a name may come again.
      history.insert({ ...fresh(1), request: { prompt: "another" } });
      for (const one of shown(1)) expect(one?.request).toEqual({ prompt: "another" });
    },
  );

  kept("a recipe is kept until its task has ended or is removed", (history) => {
    for (const n of [1, 2, 3]) history.insert(fresh(n), `recipe ${n}`);
    history.insert(fresh(4));
    const recipes = () => [1, 2, 3, 4].map((n) => history.recipe(idOf(n)));
    expect(recipes()).toEqual(["recipe 1", "recipe 2", "recipe 3", undefined]);
    history.settle(idOf(1), finished());
    history.remove([idOf(3)], nothing);
    expect(recipes()).toEqual([undefined, "recipe 2", undefined, undefined]);
  });

  kept(
    "a key is known with what its task was told at first, when that was told more and when it is gone",
    (history) => {
      history.insert(fresh(1), "recipe", { key: "mine", fingerprint: "abc", forgetBefore: 0 });
      history.insert(fresh(2));
      const known = { taskId: idOf(1), fingerprint: "abc", warnings: ["Too large: über."] };
      history.warned(idOf(1), ["Other."]);
      expect([history.keyed("mine", 0), history.keyed("yours", 0)]).toEqual([known, undefined]);
      history.settle(idOf(1), finished());
      history.remove([idOf(1)], nothing);
      expect(history.keyed("mine", 0)).toEqual(known);
    },
  );

  kept(
    "a key is forgotten so long after its task has ended, and after it was kept where that is gone",
    (history) => {
      const keyed = (n: number, forgetBefore: number) =>
        history.insert(fresh(n), "", { key: `key ${n}`, fingerprint: "", forgetBefore });
      for (const n of [1, 2, 3]) keyed(n, 0);
      history.settle(idOf(1), finished({ finishedAt: 5000 }));
      history.settle(idOf(3), finished({ finishedAt: 3500 }));
      history.remove([idOf(3)], nothing);
      const known = (forgetBefore: number) =>
        [1, 2, 3].filter((n) => history.keyed(`key ${n}`, forgetBefore) !== undefined);
      expect([3000, 3001, 5000, 5001, 1e9].map(known)).toEqual([[1, 2, 3], [1, 2], [1, 2], [2], [2]]);
      // What is over gives way to the next, and the very same key may come again.
      keyed(4, 5000);
      expect(known(0)).toEqual([1, 2]);
      history.insert(fresh(5), "", { key: "key 1", fingerprint: "new", forgetBefore: 5001 });
      expect(history.keyed("key 1", 0)).toEqual({ taskId: idOf(5), fingerprint: "new", warnings: [] });
    },
  );

  kept("a task whose key is taken is not there at all", (history) => {
    history.insert(fresh(1), "", { key: "mine", fingerprint: "", forgetBefore: 0 });
    expect(() => history.insert(fresh(2), "", { key: "mine", fingerprint: "", forgetBefore: 0 })).toThrow();
    expect([history.find(idOf(2)), history.keyed("mine", 0)?.taskId]).toEqual([undefined, idOf(1)]);
  });

  kept("what pictures were made of is kept past the end of their task, and as long as that", (history) => {
    for (const n of [1, 2]) history.insert(fresh(n), "recipe");
    history.keepMaking(idOf(1), '{"first":"schön"}');
    history.keepMaking(idOf(1), '{"again":"schön"}');
    history.settle(idOf(1), finished());
    expect([1, 2].map((n) => history.making(idOf(n)))).toEqual(['{"again":"schön"}', undefined]);
    history.remove([idOf(1)], nothing);
    expect(history.making(idOf(1))).toBeUndefined();
  });

  kept("any number of tasks are remembered as asked to stop", (history) => {
    for (const n of [1, 2, 3]) history.insert(fresh(n));
    for (const n of [1, 3]) history.stopping(idOf(n));
    expect(history.unfinished().map(({ stopping }) => stopping)).toEqual([true, false, true]);
  });

  kept("what is removed is gone, and nothing else", (history) => {
    for (const n of [1, 2, 3]) history.insert(fresh(n));
    history.remove([idOf(1), idOf(3)], nothing);
    expect([1, 2, 3].map((n) => history.find(idOf(n))?.id)).toEqual([undefined, idOf(2), undefined]);
    expect(history.unfinished().map(({ id }) => id)).toEqual([idOf(2)]);
  });

  kept(
    "the files of what is removed are unwanted until they are forgotten; an input only if no other task names it",
    (history) => {
      history.insert(bringing(1, 1, 2, 2));
      history.insert(bringing(2, 2, 3));
      const output = { folder: "2026-11-23", name: "a.png" };
      const left = { at: 7, kind: "input", folder: "", name: input(1) } as const;
      const picture = { at: 7, kind: "output", ...output } as const;
      expect(history.remove([idOf(1)], { outputs: [output], inputs: true, at: 7 })).toEqual([picture, left]);
      expect(history.unwanted(10)).toEqual([left, picture]);
      expect(history.unwanted(1)).toHaveLength(1);
      expect([1, 2, 3].map((n) => history.namesInput(input(n)))).toEqual([false, true, true]);
      history.forgetFiles([picture]);
      expect(history.unwanted(10)).toEqual([left]);
      // A task that comes in later may name it again.
      history.insert(bringing(3, 1));
      expect(history.unwanted(10)).toEqual([]);
      expect(history.remove([idOf(2), idOf(3)], { outputs: [], inputs: false, at: 8 })).toEqual([]);
      expect([1, 2, 3].map((n) => history.namesInput(input(n)))).toEqual([false, false, false]);
    },
  );

  kept("ends are counted, and what is removed no longer is", (history) => {
    for (const n of [1, 2, 3]) history.insert(fresh(n));
    expect(history.countSettled()).toBe(0);
    for (const n of [1, 3]) history.settle(idOf(n), finished());
    expect(history.countSettled()).toBe(2);
    history.remove([idOf(1)], nothing);
    expect(history.countSettled()).toBe(1);
  });

  const shownWith = (n: number, request: NewTask["request"]): NewTask => ({ ...fresh(n), request });
  const indexed = (history: HistoryStore) => {
    while (history.indexSome());
    return history;
  };
  const found = (history: HistoryStore, query: Omit<HistorySearch, "limit">, limit = 60) =>
    indexed(history)
      .search({ ...query, limit })
      .map(({ id }) => Number.parseInt(id, 16));

  kept("a star is given once and taken away once, and goes with its task", (history) => {
    for (const n of [1, 2, 3]) history.insert(fresh(n));
    for (const n of [1, 1, 3]) history.star(idOf(n), true);
    expect([...history.starredAmong([1, 2, 3, 4].map(idOf))]).toEqual([idOf(1), idOf(3)]);
    history.star(idOf(1), false);
    history.remove([idOf(3)], nothing);
    history.insert(fresh(3));
    expect(history.starredAmong([1, 2, 3].map(idOf)).size).toBe(0);
  });

  kept(
    "what has ended with something to see is found, newest first, from where the last page ended",
    (history) => {
      for (let n = 1; n <= 6; n += 1) history.insert(fresh(n));
      for (const n of [1, 3, 5]) history.settle(idOf(n), finished());
      history.settle(idOf(2), finished({ images: [], outcome: "cancelled" }));
      history.settle(idOf(4), finished({ images: [], outcome: "failed" }));
      expect(found(history, {})).toEqual([5, 4, 3, 1]);
      const row = (n: number) => history.find(idOf(n))?.row;
      expect(found(history, {}, 2)).toEqual([5, 4]);
      // One that runs is shown with the pictures it has.
      history.imageSaved(idOf(6), [image]);
      expect(found(history, {})).toEqual([6, 5, 4, 3, 1]);
      history.imageSaved(idOf(6), []);
      history.remove([idOf(5)], nothing);
      history.insert(fresh(7));
      history.settle(idOf(7), finished());
      expect(found(history, { before: row(4) }, 2)).toEqual([3, 1]);
      expect(found(history, { task: idOf(3) })).toEqual([3]);
      expect(found(history, { task: idOf(6) })).toEqual([]);
    },
  );

  kept("words, model, style, time and star narrow a search, alone and together", (history) => {
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
      history.insert(shownWith(at + 1, request));
      history.settle(idOf(at + 1), finished());
    }
    const words = (text: string) => found(history, { words: text });
    expect([words("DUSK light"), words("house"), words("schone"), words("dus")]).toEqual([
      [1],
      [],
      [2],
      [4, 1],
    ]);
    expect([words("圆"), words("红色"), words("色红")]).toEqual([[3], [3], []]);
    // What is an operator to the index is a text to people.
    expect([words('"dusk'), words("NOT"), words("AND"), words("prompt:dusk"), words("-")]).toEqual([
      [4, 1],
      [4],
      [4],
      [],
      [],
    ]);
    expect(found(history, { model: "a.safetensors" })).toEqual([3, 1]);
    expect(found(history, { style: "Fooocus V2", words: "dusk" })).toEqual([4]);
    expect(found(history, { from: 2000, to: 3000 })).toEqual([3, 2]);
    history.star(idOf(1), true);
    expect([found(history, { starred: true }), found(history, { starred: true, words: "红" })]).toEqual([
      [1],
      [],
    ]);
    expect(history.usedNames().map(({ name, tasks }) => `${name} ${tasks}`)).toEqual([
      "Fooocus V2 2",
      "SAI Anime 2",
      "a.safetensors 2",
      "b.safetensors 2",
    ]);
    history.remove([idOf(4)], nothing);
    history.insert(shownWith(9, { prompt: "a cat" }));
    history.settle(idOf(9), finished());
    expect([words("dusk"), words("cat"), found(history, { style: "Fooocus V2" })]).toEqual([[1], [9], [3]]);
  });

  kept("counters keep their value", (history) => {
    expect(history.counter("seq")).toBe(0);
    history.setCounter("seq", 4_000_000_000);
    expect(history.counter("seq")).toBe(4_000_000_000);
  });

  kept("a delivery waits with its task's end until it is delivered", (history) => {
    history.insert(fresh(1));
    const delivery = { id: "msg_1", url: "http://hook.test/", body: "{}", attempts: 0, nextAt: 500 };
    history.settle(idOf(1), finished(), delivery);
    const { body, ...waiting } = delivery;
    expect(history.deliveries()).toEqual([waiting]);
    expect(history.deliveryBody(delivery.id)).toBe(body);
    history.reschedule("msg_1", 1, 900);
    expect(history.deliveries()).toEqual([{ ...waiting, attempts: 1, nextAt: 900 }]);
    history.delivered("msg_1");
    expect([history.deliveries(), history.deliveryBody(delivery.id)]).toEqual([[], undefined]);
  });
}
