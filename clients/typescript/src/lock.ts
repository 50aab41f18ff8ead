/** One change of a session at a time, in all tabs. */
import type { SessionStore } from "./stores.js";

const queues = new WeakMap<SessionStore, Promise<unknown>>();

/**
 * Run the work when all earlier work of the store has ended. Uses Web Locks if the store names one and the browser has
 * them (since 2022); otherwise the work of this tab or process is queued. Work must not take the lock again.
 */
export function locked<Result>(store: SessionStore, work: () => Promise<Result>): Promise<Result> {
  const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  if (store.lock && locks) return locks.request(store.lock, work) as Promise<Result>;
  const result = (queues.get(store) ?? Promise.resolve()).then(work);
  queues.set(
    store,
    result.catch(() => undefined),
  );
  return result;
}
