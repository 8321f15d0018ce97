import { beforeAll, describe, expect, it } from 'vitest';
import { race } from './race.ts';
import { columnOf, pidOf, rolledBack, rowsOf, untilBlocked, useSchemaDatabase, valueOf, withClients } from './support.ts';

const database = useSchemaDatabase();
const REPOSITORIES = 30;
const FUNCTIONS = ['bind_repo_session', 'bind_repo_session_advisory', 'bind_repo_session_for_update'];

interface Binding {
  readonly binding_id: string;
  readonly holder: string;
  readonly newly_bound: boolean;
}

let sessions: string[];
beforeAll(async () => {
  await database.client.query(`
    insert into identity.users (email) values ('lin@example.test');
    insert into content.labs (slug, title, difficulty, estimated_minutes) values ('lab', 'Lab', 'BEGINNER', 30);
    insert into content.lab_versions (lab_id, version_number, estimated_minutes, config) select id, 1, 30, '{}' from content.labs;
    insert into execution.lab_sessions (user_id, lab_version_id) select u.id, v.id from identity.users u, content.lab_versions v, generate_series(1, 8)`);
  sessions = await columnOf<string>(database.client, 'select id from execution.lab_sessions order by id');
});

const bind = (name: string) => `select binding_id, holder, newly_bound from delivery.${name}($1, $2)`;
const repository = (name: string, n: number) => `https://github.com/${name.replaceAll('_', '-')}/r${n}`;
const mapTo = (session: string | undefined, repo: string) =>
  database.client.query('insert into execution.github_repo_mappings (lab_session_id, repo_url) values ($1, $2)', [session, repo]);

describe.each(FUNCTIONS)('%s', (name) => {
  it('binds each repository to exactly one of eight sessions, and tells the others which', async () => {
    const repos = Array.from({ length: REPOSITORIES }, (_, n) => repository(name, n));
    for (const repo of repos) await mapTo(sessions[0], repo);
    const answers = await race(database.url, async (client, lane) => {
      const bindings: Binding[] = [];
      for (const repo of repos) bindings.push(...(await rowsOf<Binding>(client, bind(name), [repo, sessions[lane]])));
      return bindings;
    });
    for (const [n, repo] of repos.entries()) {
      const of = answers.map((bindings) => bindings[n]);
      const winners = of.flatMap((binding, lane) => (binding?.newly_bound === true ? [sessions[lane]] : []));
      expect(winners, repo).toHaveLength(1);
      const held = await rowsOf(
        database.client,
        'select id as binding_id, lab_session_id as holder from delivery.repo_session_bindings where repo_url = $1',
        [repo],
      );
      expect(held).toMatchObject([{ holder: winners[0] }]);
      expect(of.map((binding) => ({ binding_id: binding?.binding_id, holder: binding?.holder }))).toEqual(Array(8).fill(held[0]));
    }
  });

  it('tells the holder that he holds it already, and gives the repository to another once it is let go', async () => {
    const repo = repository(name, 1000);
    await mapTo(sessions[0], repo);
    const bindTo = async (lane: number) => (await rowsOf<Binding>(database.client, bind(name), [repo, sessions[lane]]))[0];
    const first = await bindTo(0);
    expect(first).toMatchObject({ holder: sessions[0], newly_bound: true });
    expect(await bindTo(0)).toEqual({ ...first, newly_bound: false });
    await database.client.query('update delivery.repo_session_bindings set released_at = now() where id = $1', [
      first?.binding_id,
    ]);
    const second = await bindTo(1);
    expect(second).toMatchObject({ holder: sessions[1], newly_bound: true });
    expect(second?.binding_id).not.toBe(first?.binding_id);
  });

  it.each([
    ['commit', 0, false],
    ['rollback', 1, true],
  ])('waits for a binding that is still open; after its %s session %i holds the repository', async (end, holder, newly) => {
    const repo = repository(name, end === 'commit' ? 2000 : 3000);
    await mapTo(sessions[0], repo);
    const answer = await withClients(database.url, 2, async ([first, second]) => {
      if (first === undefined || second === undefined) throw new Error('two connections are needed');
      await first.query('begin');
      await first.query(bind(name), [repo, sessions[0]]);
      const pid = await pidOf(second);
      const later = rowsOf<Binding>(second, bind(name), [repo, sessions[1]]);
      await untilBlocked(database.client, pid);
      await first.query(end);
      return (await later)[0];
    });
    expect(answer).toMatchObject({ holder: sessions[holder], newly_bound: newly });
  });
});

describe('a repository', () => {
  it('without a mapping gives bind_repo_session_for_update nothing to lock', async () => {
    const call = database.client.query(bind('bind_repo_session_for_update'), ['https://github.com/x/y', sessions[0]]);
    await expect(call).rejects.toMatchObject({
      code: 'P0002',
      message: 'repository https://github.com/x/y is mapped to no session',
    });
  });

  it('has one spelling, or two would be bound', async () => {
    const spellings = [
      'https://GitHub.com/x/y',
      'https://github.com/x/y.git',
      'https://github.com/x/y/',
      'http://github.com/x/y',
      'git@github.com:x/y',
    ];
    for (const repo of spellings) {
      const call = database.client.query(bind('bind_repo_session'), [repo, sessions[0]]);
      await expect(call, repo).rejects.toMatchObject({ constraint: 'repo_session_bindings_repo_url_check' });
    }
  });

  // What the functions promise is the index's doing: without it the same calls bind twice.
  it('is bound twice by look-then-insert without the unique index', async () => {
    const insert = `insert into delivery.repo_session_bindings (repo_url, lab_session_id) values ('https://github.com/x/twice', $1)`;
    await database.client.query(insert, [sessions[0]]);
    await expect(database.client.query(insert, [sessions[1]])).rejects.toMatchObject({
      constraint: 'repo_session_bindings_repo_url_key',
    });
    const held = await rolledBack(database.client, async () => {
      await database.client.query('drop index delivery.repo_session_bindings_repo_url_key');
      await database.client.query(insert, [sessions[1]]);
      return valueOf(
        database.client,
        `select count(*)::integer from delivery.repo_session_bindings where repo_url like '%/twice'`,
      );
    });
    expect(held).toBe(2);
  });
});
