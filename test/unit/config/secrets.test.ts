import { describe, expect, it } from 'vitest';
import { isSecretKey, maskPasswords, showableLines } from '../../../src/config/secrets.ts';

describe('masking', () => {
  it.each([
    ['postgres://app:hunter2@db/lab', 'postgres://app:***@db/lab'],
    ['postgres://:hunter2@db/lab', 'postgres://:***@db/lab'],
    ['postgres://app:p@ss:w/rd@db/lab?x=1', 'postgres://app:***@db/lab?x=1'],
    ['jdbc:postgresql://db/lab?user=app&password=hunter2&ssl=true', 'jdbc:postgresql://db/lab?user=app&password=***&ssl=true'],
    ["host=db password='hunter 2' user=app", 'host=db password=*** user=app'],
    ['host=db sslpassword = hunter2', 'host=db sslpassword = ***'],
    ['postgres://app@db/lab', 'postgres://app@db/lab'],
    ['the password of app', 'the password of app'],
  ])('%s', (text, masked) => {
    expect(maskPasswords(text)).toBe(masked);
  });

  it('knows the names people give to secrets', () => {
    const names = [
      'password',
      'PGPASSWORD',
      'db_passwd',
      'client-secret',
      'api_key',
      'apikey',
      'token',
      'pass',
      'db_pass',
      'pwd',
      'credentials',
    ];
    expect(names.filter((name) => !isSecretKey(name))).toEqual([]);
    expect(['passenger', 'compass', 'key', 'project', 'url', 'tls'].filter(isSecretKey)).toEqual([]);
  });

  it('hides the value of a secret key with all its lines, and nothing after it', () => {
    const source = [
      'dev:',
      '  password: |',
      '    one',
      '',
      '    two',
      '  tls: require',
      '{ "token": x, y: z }',
      'pass:word',
    ].join('\n');
    expect(showableLines(source)).toEqual([
      'dev:',
      '  password: ***',
      '    ***',
      '',
      '    ***',
      '  tls: require',
      '{ "token": ***',
      'pass: ***',
    ]);
  });
});
