import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findPassword } from '../../../../src/runtime/connection/passfile.ts';
import { home, resolved } from './support.ts';

const login = (host: string, port = 5432, database = 'shop', user = 'app'): Parameters<typeof findPassword>[1] => ({
  address: { host, port },
  database,
  user,
});

// 20,000 random files gave the same answers as libpq 18.2 when this was written.
describe('a line fits as in libpq', () => {
  it.each([
    ['h:5432:shop:app:pw', 'pw'],
    ['h:*:*:*:pw', 'pw'],
    ['*:5433:*:*:no\n*:*:*:*:second', 'second'],
    ['h:5432:shop:app:first\n*:*:*:*:second', 'first'],
    ['# h:5432:shop:app:no\n\nh:5432:shop:app:pw', 'pw'],
    ['H:5432:shop:app:pw', undefined],
    ['h:5432:shop:app:p\\:w\\\\x', 'p:w\\x'],
    ['h:5432:shop:app:p:rest', 'p'],
    ['h:5432:shop:app:p w*#', 'p w*#'],
    ['h:5432:shop:app:pw\r\n', 'pw'],
    ['h:5432:shop:app:', ''],
    ['h:5432:shop:app', undefined],
    ['**:5432:shop:app:pw', undefined],
    ['h:5432:\\s\\hop:app:pw', 'pw'],
  ])('%j', (text, expected) => expect(findPassword(text, login('h'))).toBe(expected));

  it('escapes a colon in a name', () => {
    expect(findPassword('\\:\\:1:5432:a\\:b:*:pw', login('::1', 5432, 'a:b'))).toBe('pw');
  });

  it('localhost stands for the default socket folders only', () => {
    const file = 'localhost:*:*:*:pw\n/srv/pg:*:*:*:own\n/tmp:*:*:*:literal';
    expect(findPassword(file, login('/tmp'))).toBe('pw');
    expect(findPassword(file, login('/var/run/postgresql'))).toBe('pw');
    expect(findPassword(file, login('/srv/pg'))).toBe('own');
    expect(findPassword('/tmp:*:*:*:literal', login('/tmp'))).toBe('literal');
  });
});

describe('where the file is, and who may read it', () => {
  const text = 'h:*:*:*:from-file\n';
  const at = { host: 'h', port: 5432 };

  it('~/.pgpass, PGPASSFILE, passfile; a password that is given wins, an empty one does not', async () => {
    const folder = home({ '.pgpass': text, other: 'h:*:*:*:from-other\n' });
    const password = async (conninfo: string, variables = {}): Promise<unknown> =>
      (await resolved(conninfo, { home: folder, variables })).password(at);
    expect(await password('host=h')).toBe('from-file');
    expect(await password('host=h', { PGPASSFILE: `${folder}/other` })).toBe('from-other');
    expect(await password(`host=h passfile=${folder}/other`)).toBe('from-other');
    expect(await password('host=h password=given')).toBe('given');
    expect(await password('host=h', { PGPASSWORD: 'variable' })).toBe('variable');
    expect(await password('host=h password=', { PGPASSWORD: 'variable' })).toBe('from-file');
  });

  it('is read at every login, by host', async () => {
    const folder = home({ '.pgpass': 'a:*:*:*:for-a\nb:*:*:*:for-b\n' });
    const target = await resolved('host=a,b,c', { home: folder });
    expect(await Promise.all(target.hosts.map((address) => target.password(address)))).toEqual(['for-a', 'for-b', undefined]);
  });

  it.each([0o640, 0o604, 0o660, 0o620])('is ignored with one warning when its mode is %o', async (mode) => {
    const folder = home({ '.pgpass': text });
    chmodSync(`${folder}/.pgpass`, mode);
    const warnings: string[] = [];
    const target = await resolved('host=h', { home: folder, onWarning: (message) => warnings.push(message) });
    expect([await target.password(at), await target.password(at)]).toEqual([undefined, undefined]);
    expect(warnings).toEqual([
      `password file ${folder}/.pgpass can be read or written by others (mode 0${mode.toString(8)}); its mode must be 0600 or less; it is ignored`,
    ]);
  });

  it('is ignored when it is a folder', async () => {
    const warnings: string[] = [];
    const folder = home({ '.pgpass/x': '' });
    const target = await resolved('host=h', { home: folder, onWarning: (message) => warnings.push(message) });
    expect(await target.password(at)).toBeUndefined();
    expect(warnings).toEqual([`password file ${folder}/.pgpass is not a plain file; it is ignored`]);
  });

  it('tells where it looked', async () => {
    const folder = home({ '.pgpass': 'other:*:*:*:x\n' });
    const sources = async (conninfo: string, input = {}): Promise<unknown> =>
      (await (await resolved(conninfo, { home: folder, ...input })).lookUpPassword(at)).sources;
    expect(await sources('host=h')).toEqual([
      'the connection string and PGPASSWORD have none',
      `${folder}/.pgpass has no line for this login`,
    ]);
    expect(await sources('host=h passfile=/nonexistent/p')).toEqual([
      'the connection string and PGPASSWORD have none',
      '/nonexistent/p does not exist',
    ]);
    expect(await sources('host=h password=')).toEqual([
      'DATABASE_URL has an empty one',
      `${folder}/.pgpass has no line for this login`,
    ]);
    expect(await sources('host=h', { overrides: { password: 'x' } })).toEqual(['DB_PASSWORD']);
    expect(await sources('host=other')).toEqual([
      'the connection string and PGPASSWORD have none',
      `${folder}/.pgpass has no line for this login`,
    ]);
  });
});
