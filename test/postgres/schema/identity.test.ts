import { describe, expect, it } from 'vitest';
import { columnOf, refusal, rolledBack, useSchemaDatabase, valueOf } from './support.ts';
import { SCHEMAS } from './tables.ts';

const database = useSchemaDatabase();
const insertUser = `insert into identity.users (email) values ($1)`;

describe('users', () => {
  it.each([
    ['the same', 'lin@example.test', '23505 users_email_key'],
    ['the same in another case', 'LIN@Example.Test', '23505 users_email_key'],
    ['one that only begins alike', 'lin@example.test.org', 'done'],
    ['no address at all', 'lin', '23514 users_email_check'],
    ['two at signs', 'a@b@c', '23514 users_email_check'],
    ['a space inside', 'lin @example.test', '23514 users_email_check'],
    ['321 characters', `${'a'.repeat(308)}@example.test`, '23514 users_email_check'],
    ['320 characters', `${'a'.repeat(307)}@example.test`, 'done'],
    ['null', null, '23502'],
  ])('one account an address: %s', async (_what, email, expected) => {
    const end = await rolledBack(database.client, async () => {
      await database.client.query(insertUser, ['lin@example.test']);
      return refusal(database.client, insertUser, [email]);
    });
    expect(end).toBe(expected);
  });

  it('have an id that grows with time, the role USER and the provider EMAIL unless told', async () => {
    const rows = await rolledBack(database.client, async () => {
      const add = `insert into identity.users (email) values ('a@b'), ('b@b') returning id, role, auth_provider, uuid_extract_version(id) as version`;
      return (await database.client.query(add)).rows;
    });
    for (const row of rows) expect(row).toMatchObject({ role: 'USER', auth_provider: 'EMAIL', version: 7 });
    expect(rows).toHaveLength(2);
    expect(rows[0].id < rows[1].id).toBe(true);
  });

  it('cannot be backdated: an update keeps created_at and sets updated_at', async () => {
    await database.client.query(insertUser, ['clock@example.test']);
    const update = `update identity.users set created_at = '2001-01-01', updated_at = '2001-01-01' where email = 'clock@example.test'
                    returning new.created_at = old.created_at and new.updated_at = now() and new.updated_at > old.updated_at`;
    expect(await valueOf(database.client, update)).toBe(true);
  });
});

describe('enum types', () => {
  it('have the values of the mission, in order', async () => {
    const lists = await columnOf<string>(
      database.client,
      `select y.oid::regtype || ': ' || string_agg(e.enumlabel, ' ' order by e.enumsortorder)
       from pg_catalog.pg_type y join pg_catalog.pg_enum e on e.enumtypid = y.oid
       where y.typnamespace::regnamespace::text = any ($1) group by y.oid order by 1`,
      [SCHEMAS],
    );
    expect(lists).toEqual([
      'billing.subscription_plan: FREE PAID',
      'billing.subscription_status: ACTIVE PAST_DUE CANCELED',
      'content.difficulty: BEGINNER INTERMEDIATE ADVANCED',
      'content.lesson_status: DRAFT PUBLISHED',
      'delivery.idempotency_state: in_progress completed failed',
      'execution.attempt_status: SUBMITTED PASSED FAILED',
      'execution.session_status: IN_PROGRESS VERIFIED_PASS FAILED',
      'execution.verification_state: queued running succeeded dead',
      'identity.auth_provider: EMAIL GOOGLE GITHUB',
      'identity.user_role: ADMIN USER RECRUITER',
      'jobs.run_state: queued running completed failed cancelled',
    ]);
  });
});

/** access token, refresh token, key, reference */
type Tokens = readonly [string | null, string | null, string | null, string | null];

describe('auth_identities', () => {
  const identify = `insert into identity.auth_identities
    (user_id, provider, provider_user_id, access_token_ciphertext, refresh_token_ciphertext, encryption_key_id, token_reference)
    select id, $1, $2, $3, $4, $5, $6 from identity.users where email = $7`;

  const attempt = (provider: string, account: string, tokens: Tokens = [null, null, null, null], email = 'lin@example.test') =>
    rolledBack(database.client, async () => {
      for (const user of ['lin@example.test', 'max@example.test']) await database.client.query(insertUser, [user]);
      await database.client.query(identify, ['GITHUB', '5550102', null, null, null, null, 'lin@example.test']);
      return refusal(database.client, identify, [provider, account, ...tokens, email]);
    });

  it.each([
    ['the same account of the same user', 'GITHUB', '5550102', 'lin@example.test', '23505 auth_identities_provider_user_key'],
    ['the same account of another user', 'GITHUB', '5550102', 'max@example.test', '23505 auth_identities_provider_user_key'],
    ['another account at the same provider', 'GITHUB', '5550103', 'lin@example.test', 'done'],
    ['the same id at another provider', 'GOOGLE', '5550102', 'lin@example.test', 'done'],
    ['an unknown provider', 'GITLAB', '1', 'lin@example.test', '22P02'],
  ])('belong to one user: %s', async (_what, provider, account, email, expected) => {
    expect(await attempt(provider, account, undefined, email)).toBe(expected);
  });

  it.each<[string, Tokens, string]>([
    ['none', [null, null, null, null], 'done'],
    ['ciphertext with its key', ['\\x01', null, 'key-1', null], 'done'],
    ['both ciphertexts with their key', ['\\x01', '\\x02', 'key-1', null], 'done'],
    ['a reference', [null, null, null, 'vault://secret/1'], 'done'],
    ['ciphertext without a key', ['\\x01', null, null, null], '23514 auth_identities_token_key_check'],
    ['a refresh ciphertext without a key', [null, '\\x02', null, null], '23514 auth_identities_token_key_check'],
    ['a key without ciphertext', [null, null, 'key-1', null], '23514 auth_identities_token_key_check'],
    ['ciphertext and a reference', ['\\x01', null, 'key-1', 'vault://secret/1'], '23514 auth_identities_token_place_check'],
    [
      'a plain token as reference',
      [null, null, null, 'gho_16C7e42F292c6912E7710c838347Ae178B4a'],
      '23514 auth_identities_token_reference_check',
    ],
  ])('hold no usable token: %s', async (_what, tokens, expected) => {
    expect(await attempt('GOOGLE', '1', tokens)).toBe(expected);
  });
});
