import type { TaskId } from "#/lib/task-id.ts";
import type { Delivery, NewTask, Settlement } from "#/stores/history.ts";
import type { TaskImage } from "#/tasks/life-cycle/task.ts";

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;

const image = (index: number, seed = String(9_223_372_036_854_775_800n + BigInt(index))): TaskImage => ({
  index,
  url: `http://127.0.0.1:7866/outputs/2026-11-23/picture-${index}.png`,
  width: 64,
  height: 48,
  seed,
  timings: { loading: 1, encoding: 2, denoising: 3, decoding: 4, saving: 5 },
});

const delivery: Delivery = {
  id: "msg_1",
  url: "http://hook.test/ä",
  body: '{"task": "schön"}',
  attempts: 3,
  nextAt: 9500,
};

/** A task as the histories of all versions were given it, and what became of it. */
export type KeptTask = Readonly<{
  task: NewTask;
  /** The older spelling of a door's word. */
  legacyJob: string | null;
  recipe: string;
  key?: Readonly<{ key: string; fingerprint: string; forgetBefore: number }>;
  attempt?: number;
  images?: readonly TaskImage[];
  stopping?: true;
  end?: Settlement;
  delivery?: Delivery;
  /** What its pictures were made of, where the version keeps that. */
  making?: string;
}>;

const ended = (outcome: Settlement["outcome"], more: Partial<Settlement> = {}): Settlement => ({
  outcome,
  startedAt: 5000,
  finishedAt: 9000,
  percent: 100,
  images: [],
  error: null,
  ...more,
});

const failed = {
  code: "out-of-memory",
  message: "Too big: größer.",
  details: { bytes: 7, path: null },
} as const;

const stories: readonly Omit<KeptTask, "task" | "legacyJob" | "recipe">[] = [
  {
    end: ended("finished", { images: [image(0), image(1), image(2, "")] }),
    delivery,
    making: '{"texts":["schön"]}',
  },
  { end: ended("failed", { images: [image(0)], percent: 28.5, error: failed }) },
  { end: ended("stopped", { percent: 40 }) },
  { end: ended("skipped", { images: [image(1)] }) },
  { end: ended("cancelled", { startedAt: null, percent: 0 }) },
  { attempt: 1, images: [image(0)], stopping: true },
  { attempt: 2, images: [image(0), image(1)] },
  { key: { key: "8e03978e", fingerprint: "ab".repeat(32), forgetBefore: 0 } },
  {},
  {},
];

/** One task of every kind: ended in every way, running, asked to stop, waiting. */
export const keptTasks: readonly KeptTask[] = stories.map((story, n) => ({
  task: {
    id: idOf(n + 1),
    request: {
      prompt: `schön ${n}, 月 "quoted"\nsecond line`,
      image_seed: 9_223_372_036_854_775_807n - BigInt(n),
      sharpness: 2.5,
      loras: [{ enabled: true, model_name: "None", weight: 1 }],
      save_name: null,
    },
    webhookUrl: n % 2 === 0 ? "http://hook.test/" : "",
    label: n % 3 === 0 ? `mine ${n}` : null,
    door: n % 4 === 0 ? { name: "legacy", word: "enhance" } : { name: "fooocus-api", word: "" },
    warnings: n % 2 === 0 ? ["Too large: über.", "Second."] : [],
    queuedAt: 1000 + n,
  },
  legacyJob: n % 4 === 0 ? "enhance" : null,
  recipe: `{"version":${n}}`,
  ...story,
}));

/** The order in which what waits was put. */
export const keptOrder: readonly TaskId[] = [idOf(10), idOf(8), idOf(9)];

export const keptCounters: Readonly<Record<string, number>> = { seq: 4_000_000_000, paused: 1 };

/** FooocusAPI's own table as SQLAlchemy makes it, with what it holds: ended tasks, and one that it lost. */
export const referenceStatements: readonly string[] = [
  `CREATE TABLE generate_record (
	id INTEGER NOT NULL,
	task_id VARCHAR(255) NOT NULL,
	req_params JSON NOT NULL,
	in_queue_mills INTEGER,
	start_mills INTEGER,
	finish_mills INTEGER,
	task_status VARCHAR(255),
	progress FLOAT,
	webhook_url VARCHAR(255),
	result JSON,
	PRIMARY KEY (id)
)`,
  "CREATE INDEX ix_generate_record_id ON generate_record (id)",
  `INSERT INTO generate_record VALUES
    (1, '${"a".repeat(32)}', '{"prompt": "K\\u00e4se", "image_seed": 9007199254740993}', 10, 20, 30, 'finished', 100, '',
      '["http://h/outputs/2025-01-01/a.png"]'),
    (2, '${"b".repeat(32)}', '{"prompt": "x"}', 11, 21, 31, 'skip', 100, NULL, '[]'),
    (3, '${"c".repeat(32)}', '{"prompt": "y"}', 12, NULL, NULL, NULL, NULL, NULL, NULL)`,
];
