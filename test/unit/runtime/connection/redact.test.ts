import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DbctlError } from '../../../../src/core/errors.ts';
import { describeTarget } from '../../../../src/runtime/connection/describe.ts';
import { redactConnectionString } from '../../../../src/runtime/connection/redact.ts';
import { resolved } from './support.ts';

describe('redactConnectionString', () => {
  it.each([
    ['postgresql://u:s3cret@h:5432/d', 'postgresql://u:***@h:5432/d'],
    ['postgresql://u@h/d?sslmode=require', 'postgresql://u@h/d?sslmode=require'],
    ['postgresql://h/d', 'postgresql://h/d'],
    ['postgresql://u:s3/cr@et@h/d', 'postgresql://u:***@h/d'],
    ['postgresql://h/d?user=u&password=s3cret&sslmode=require', 'postgresql://h/d?user=u&password=***&sslmode=require'],
    ['postgresql://h/d?password=s3&cret&sslpassword=s3cret', 'postgresql://h/d?password=***&sslpassword=***'],
    ['jdbc:postgresql://h/d?password=s3cret', 'jdbc:postgresql://h/d?password=***'],
    ['mysql://u:s3cret@h/d', 'mysql://u:***@h/d'],
    ["host=h password='s3\\' cret' user=u", 'host=h password=*** user=u'],
    ['host=h password=s3cret', 'host=h password=***'],
    ['host=h password=my s3cret user=u', 'host=h password=*** user=u'],
    ["password='s3cret", 'password=***'],
    ['password = s3cret', 'password = ***'],
    ['u:s3cret@h/d', '***'],
    ['s3cret', '***'],
    ['', ''],
  ])('%s', (text, expected) => expect(redactConnectionString(text)).toBe(expected));

  const secret = fc
    .string({ minLength: 6, maxLength: 24, unit: fc.constantFrom(...'abcXYZ019/?@:#%&=+$!~*()[];,\'"\\ '.split('')) })
    .filter((text) => /[a-z0-9]{2}/i.test(text) && text.trim() === text);
  const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

  it.each([
    ['escaped in a URL', (text: string) => `postgresql://user:${encodeURIComponent(text)}@host:5432/db`, encodeURIComponent],
    ['pasted into a URL', (text: string) => `postgresql://user:${text}@host:5432/db`, String],
    [
      'as a parameter of a URL',
      (text: string) => `postgresql://host/db?password=${encodeURIComponent(text)}&user=x`,
      encodeURIComponent,
    ],
    ['in pairs', (text: string) => `host=host password=${quoted(text)} user=x`, (text: string) => quoted(text).slice(1, -1)],
  ])('hides any password %s', (_case, write, asWritten) => {
    fc.assert(
      fc.property(secret, (text) => !redactConnectionString(write(text)).includes(asWritten(text))),
      { numRuns: 2000 },
    );
  });

  it('an unescaped password shows up in no message and no description of a target', async () => {
    const parts = (text: string): string[] => text.match(/[a-z0-9]{4,}/gi) ?? [];
    await fc.assert(
      fc.asyncProperty(
        secret.filter((text) => parts(text).length > 0),
        async (text) => {
          const shown = await resolved(`postgresql://user:${text}@localhost:5432/db`).then(
            (target) => describeTarget(target),
            (error: unknown) => `${(error as Error).message} ${(error as DbctlError).hint}`,
          );
          return parts(text).every((part) => !shown.includes(part));
        },
      ),
      { numRuns: 3000 },
    );
  });
});
