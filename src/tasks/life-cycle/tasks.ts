import type { TaskReader } from "./task-reader.ts";
import type { TaskWriter } from "./task-writer.ts";

/** Everything about tasks, for who needs both sides. */
export type Tasks = TaskReader & TaskWriter;

/** Both sides as one object. */
export const bothSides = (reader: TaskReader, writer: TaskWriter): Tasks => ({
  get seq() {
    return reader.seq;
  },
  get queue() {
    return reader.queue;
  },
  live: (id) => reader.live(id),
  find: (id) => reader.find(id),
  current: () => reader.current(),
  running: () => reader.running(),
  pending: () => reader.pending(),
  history: (query) => reader.history(query),
  range: (query) => reader.range(query),
  search: (query) => reader.search(query),
  usedNames: () => reader.usedNames(),
  making: (id) => reader.making(id),
  settled: (id, signal) => reader.settled(id, signal),
  watch: (id, signal, since) => reader.watch(id, signal, since),
  watchAll: (signal, since) => reader.watchAll(signal, since),
  subscribe: (listener) => reader.subscribe(listener),
  backlog: (of, since, look) => reader.backlog(of, since, look),
  countSettled: () => reader.countSettled(),
  engines: () => reader.engines(),
  engineState: () => reader.engineState(),
  submit: (request, options) => writer.submit(request, options),
  submitOnce: (request, key, options) => writer.submitOnce(request, key, options),
  control: (target, action) => writer.control(target, action),
  remove: (id, options) => writer.remove(id, options),
  removeRange: (query, options) => writer.removeRange(query, options),
  star: (id, starred) => writer.star(id, starred),
  cancelWaiting: () => writer.cancelWaiting(),
  pause: (paused) => writer.pause(paused),
  move: (id, before) => writer.move(id, before),
  unloadModels: () => writer.unloadModels(),
  close: (milliseconds) => writer.close(milliseconds),
});
