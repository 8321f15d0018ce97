import type { Answer } from '../core/report.ts';
import type { Context } from './context.ts';
import { VERIFY_SESSION } from './verify-request.ts';

/** What a new session begins with, by login and database. */
export async function showEffective(context: Context): Promise<Answer> {
  const { effectiveItems, readEffective } = await import('../ops/verify/effective.ts');
  return context.withDatabase(VERIFY_SESSION, async (session) => {
    const inputs = await readEffective(session);
    const { databases, logins, overrides } = inputs;
    const columns = ['setting', 'database', 'role', 'value', 'from'].map((field) => ({ field, title: field }));
    const refused = overrides.filter(({ value }) => value === null);
    return {
      ok: true,
      items: effectiveItems(inputs),
      summary: { databases: databases.length, logins: logins.length, overrides: overrides.length, refused: refused.length },
      target: context.target(session),
      view: {
        columns,
        notes: [
          '* is everybody and everywhere that is not listed. Settings hold for the role that logs in, never for its members; what a client asks for itself wins over all of them.',
          ...refused.map(
            ({ setting, given }) =>
              `The server does not take ${JSON.stringify(given)} for ${setting}: it warns at login, and the next entry counts.`,
          ),
        ],
      },
    };
  });
}
