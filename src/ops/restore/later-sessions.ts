import { DbctlError } from '../../core/errors.ts';
import { withSession, type Session } from '../../db/session.ts';
import { startupOptions } from '../../runtime/connection/startup-options.ts';
import type { ConnectionTarget } from '../../runtime/connection/target.ts';
import type { DatabaseFacts } from '../backup/catalogue.ts';
import type { DatabaseStep } from './database-facts.ts';

/** Settings that keep everybody out where this server does not have what they name; `alter database` takes any name. */
const LIBRARIES = new Set(['session_preload_libraries', 'local_preload_libraries']);

/**
 * The steps after which people can still log in: each setting that loads a library is tried in a session of its own. What is left out is
 * `refused`, one sentence each.
 */
export async function withoutLockingOut(
  target: ConnectionTarget,
  steps: readonly DatabaseStep[],
): Promise<{ readonly steps: readonly DatabaseStep[]; readonly refused: readonly string[] }> {
  const kept: DatabaseStep[] = [];
  const refused: string[] = [];
  for (const step of steps) {
    const why = step.setting !== undefined && LIBRARIES.has(step.setting.name) ? await whyNot(target, step.setting) : null;
    if (why === null) kept.push(step);
    else refused.push(`${step.summary}, which would keep everybody out: ${why}`);
  }
  return { steps: kept, refused };
}

/** Why no session can be had with a setting, in the words of the server; null: one can. */
async function whyNot(target: ConnectionTarget, { name, value }: { name: string; value: string }): Promise<string | null> {
  try {
    await withSession(target, { access: 'read', settings: { [name]: value } }, () => Promise.resolve());
    return null;
  } catch (thrown) {
    if (!(thrown instanceof DbctlError)) throw thrown;
    return thrown.message;
  }
}

/** The target, so that its sessions have what the given one has and not what is set for the database: that comparison may be kept from reading. */
export async function withoutSettings(
  session: Session,
  target: ConnectionTarget,
  { settings }: DatabaseFacts,
): Promise<ConnectionTarget> {
  const names = settings.filter(({ role }) => role === null || role === session.user).map(({ name }) => name);
  const rows = await session.rows<{ name: string; value: string }>(
    `select s.name, s.value
     from (select n.name, pg_catalog.current_setting(n.name, true) as value
           from pg_catalog.unnest($1::pg_catalog.text[]) n (name)) s
     -- What is not known here has no effect here, and options know letters of English.
     where s.value is not null and s.name ~ '^[A-Za-z_][A-Za-z0-9_.$]*$'`,
    [[...new Set(names)]],
  );
  if (rows.length === 0) return target;
  const options = startupOptions(Object.fromEntries(rows.map(({ name, value }) => [name, value])));
  return { ...target, options: [target.options ?? '', options].filter((part) => part !== '').join(' ') };
}
