/**
 * Runs `use` with a signal that is aborted by `signal` or after `milliseconds` (0: never), with a TimeoutError as reason. Timer
 * and listener end with `use`: AbortSignal.any would hold on to a signal that lives as long as the process.
 */
export async function withDeadline<T>(
  signal: AbortSignal,
  milliseconds: number,
  use: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  if (milliseconds <= 0) return use(signal);
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  const expire = (): void => controller.abort(new DOMException(`no answer within ${milliseconds} ms`, 'TimeoutError'));
  const timer = setTimeout(expire, milliseconds);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await use(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
