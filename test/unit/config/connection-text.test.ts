import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/config/config.ts';
import { connectionText } from '../../../src/config/connection-text.ts';
import { project } from './support/project.ts';

const URL = 'postgresql://app:hunter2hunter2@db/lab';
const environment = (more: Partial<Environment>): Environment => ({
  name: 'prod',
  url: undefined,
  embedded: false,
  protected: true,
  tls: undefined,
  system_identifier: undefined,
  ...more,
});

describe('the connection URL of an environment', () => {
  it.each([
    ['the variable it names', { url: { variable: 'PROD_URL' } }, { PROD_URL: URL, DATABASE_URL: 'no' }, URL, 'variable PROD_URL'],
    ['DATABASE_URL, when it names nothing', {}, { DATABASE_URL: URL, PGHOST: 'no' }, URL, 'variable DATABASE_URL'],
    ['libpq variables, when there is no DATABASE_URL', {}, { PGHOST: 'db' }, undefined, 'variable PGHOST'],
    ['a libpq service', {}, { PGSERVICE: 'lab', PGHOST: 'db', DATABASE_URL: '' }, undefined, 'variable PGSERVICE'],
    ['the embedded server', { embedded: true }, { DATABASE_URL: 'no' }, undefined, 'embedded'],
  ])('comes from %s', async (_name, more, variables, text, source) => {
    expect(await connectionText(environment(more), '/', variables)).toEqual({ text, source });
  });

  it.each([
    ['with newline', `${URL}\n`],
    ['with CRLF', `${URL}\r\n`],
    ['without newline', URL],
    ['with byte order mark', `\ufeff${URL}\n`],
  ])('comes from the secret file it names, %s', async (_name, content) => {
    const folder = project({ 'secrets/prod.url': content });
    const found = await connectionText(environment({ url: { file: 'secrets/prod.url' } }), folder, { DATABASE_URL: 'no' });
    expect(found).toEqual({ text: URL, source: 'file secrets/prod.url' });
  });

  it.each([
    [
      'a variable that is not set',
      { url: { variable: 'PROD_DATABASE_URL' } },
      { DATABASE_URL: URL },
      'environment prod takes its connection URL from PROD_DATABASE_URL, which is not set',
      'Set PROD_DATABASE_URL to a URL such as postgresql://user@host:5432/database, or name another variable under environments.prod.url.',
    ],
    [
      'an empty variable',
      { url: { variable: 'PROD_DATABASE_URL' } },
      { PROD_DATABASE_URL: ' ' },
      'environment prod takes its connection URL from PROD_DATABASE_URL, which is empty',
      'Set PROD_DATABASE_URL to a URL such as postgresql://user@host:5432/database, or name another variable under environments.prod.url.',
    ],
    [
      'nothing at all',
      {},
      {},
      'environment prod does not say where its database is, and DATABASE_URL is not set',
      'Set DATABASE_URL, or write embedded: true or url: {variable: NAME} under environments.prod in dbctl.yaml.',
    ],
  ])('fails for %s', async (_name, more, variables, message, hint) => {
    const outcome = connectionText(environment(more), '/', variables);
    await expect(outcome).rejects.toMatchObject({ code: 'config.invalid', message, hint });
  });
});

describe('a secret file', () => {
  const read = (folder: string) => connectionText(environment({ url: { file: 'prod.url' } }), folder, {});

  it.each([
    [0o640, '0640'],
    [0o604, '0604'],
    [0o644, '0644'],
    [0o620, '0620'],
    [0o777, '0777'],
  ])('of mode %o is refused unread', async (mode, octal) => {
    const folder = project({ 'prod.url': URL });
    chmodSync(join(folder, 'prod.url'), mode);
    await expect(read(folder)).rejects.toMatchObject({
      code: 'secret.exposed',
      message: `prod.url holds a secret and others can reach it (mode ${octal}, at most 0600 is allowed)`,
      hint: `Run chmod 600 ${folder}/prod.url, and change the password if others use this machine.`,
    });
  });

  it.each([0o600, 0o400])('of mode %o is read', async (mode) => {
    const folder = project({ 'prod.url': URL });
    chmodSync(join(folder, 'prod.url'), mode);
    expect((await read(folder)).text).toBe(URL);
  });

  it.each([
    ['empty', '', 'prod.url is empty'],
    ['blank', ' \n', 'prod.url is empty'],
    ['of two lines', `${URL}\n${URL}\n`, 'prod.url holds more than one line'],
    ['of something else', Buffer.alloc(70_000, 'x').toString(), 'prod.url is larger than 64 kB'],
  ])('%s is refused, without its content', async (_name, content, message) => {
    await expect(read(project({ 'prod.url': content }))).rejects.toMatchObject({ code: 'config.invalid', message });
  });

  it('that is missing is named', async () => {
    await expect(read(project({}))).rejects.toMatchObject({
      code: 'config.invalid',
      message: 'cannot read prod.url: no such file',
      hint: 'Correct its path, or create it.',
    });
  });
});
