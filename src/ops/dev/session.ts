import { DbctlError } from '../../core/errors.ts';
import { withSession, type Session } from '../../db/session.ts';
import { localTarget, type LocalAddress } from './target.ts';

/** What the development server's own statements need of a session. */
export type DevSession = Pick<Session, 'rows'>;

/**
 * One session of the superuser on a development server, outside the project's databases, without limits: copying a database takes
 * what it takes. Fails like withSession.
 */
export async function withDevSession<T>(
  address: LocalAddress,
  signal: AbortSignal | undefined,
  use: (session: DevSession) => Promise<T>,
): Promise<T> {
  const limits = { statementTimeoutMs: 0, lockTimeoutMs: 0, idleInTransactionTimeoutMs: 0 };
  const options = {
    access: 'write',
    applicationName: 'dbctl dev',
    ...limits,
    ...(signal === undefined ? {} : { signal }),
  } as const;
  try {
    return await withSession(localTarget(address, 'postgres'), options, use);
  } catch (thrown) {
    // The database postgres may be dropped like any other, and template1 stays; a session in it holds up others who create one.
    if (!(thrown instanceof DbctlError) || thrown.sqlstate !== '3D000') throw thrown;
    return withSession(localTarget(address, 'template1'), options, use);
  }
}
