import { DbctlError } from '../core/errors.ts';

/**
 * Whatever was thrown, as the error a person reads. An abort by the person is `interrupted`; what we did not expect is
 * `internal`, with the stack kept as the detail, because there it is the most useful line.
 */
export function asDbctlError(thrown: unknown, signal?: AbortSignal): DbctlError {
  // A command that stopped by itself knows what stands and what does not.
  if (thrown instanceof DbctlError && thrown.code === 'interrupted') return thrown;
  if (signal?.aborted === true) {
    return new DbctlError('interrupted', 'stopped by a signal: what was running was rolled back', {
      cause: thrown,
      hint: 'Run the command again; it continues from what is recorded in the database.',
    });
  }
  if (thrown instanceof DbctlError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return new DbctlError('internal', `unexpected: ${error.message}`, {
    cause: thrown,
    ...(error.stack === undefined ? {} : { detail: error.stack }),
    hint: 'This is a defect in dbctl. Report it with this output; connection strings are already removed from it.',
  });
}
