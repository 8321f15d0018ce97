import * as z from 'zod';
import { environmentName, path, systemIdentifier, variableName } from '../forms.ts';
import { TLS_MODES } from '../schema.ts';
import { choice, kinds, listOfDistinct, oneNumberOf, section, text } from '../values.ts';

/** Of one file; what a run over them takes is in docs/scale.md. */
export const MOST_TARGETS = 10_000;

const targetName = () =>
  text('name', /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'a name of up to 63 letters, digits, dots, dashes and _ such as eu-17');
const databaseName = () => text('name', /^[^\0]{1,63}$/s, 'the name of a database');
const labelKey = () => text('label', /^[a-z][a-z0-9._-]{0,62}$/, 'a label of lower case letters, digits, dots, dashes and _');
const labelValue = () =>
  text('value', /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'a value of up to 63 letters, digits, dots, dashes and _');

const url = section({
  variable: variableName().optional().describe('Environment variable that holds the connection URL.'),
  file: path().optional().describe('File of mode 0600 that holds the connection URL, relative to the folder of this file.'),
})
  .refine((value) => (value.variable === undefined) !== (value.file === undefined), {
    error: 'names a variable or a file, and one of them alone: write {variable: NAME} or {file: PATH}',
    params: { absent: ['variable', 'file'] },
    when: ({ value }) => typeof value === 'object' && value !== null,
  })
  .meta({ oneOf: [{ required: ['variable'] }, { required: ['file'] }] });

const target = section({
  name: targetName().describe('What reports call it; no two are called the same.'),
  environment: environmentName()
    .optional()
    .describe('Environment of dbctl.yaml whose policy, overlay and protection hold for it; without it that of --env.'),
  url: url.optional().describe('Where its connection URL is kept; without it that of the environment.'),
  database: databaseName().optional().describe('Database, instead of the one the URL names: many on one server need one URL.'),
  tls: choice(TLS_MODES)
    .optional()
    .describe("sslmode of its connections, with libpq's meaning; without it that of the environment."),
  system_identifier: systemIdentifier()
    .optional()
    .describe('system_identifier the server must have, from pg_control_system(): another server behind the name is refused.'),
  labels: z
    .record(labelKey(), labelValue(), { error: 'expected a mapping' })
    .register(kinds, { name: 'label: value', reads: 'list' })
    .prefault({})
    .describe('Words to choose it by: --label region=eu.'),
});

/** targets.yaml as a person or a program writes it. Every key has its meaning with it: JSON Schema and reference are made of them. */
export const targetsFile = section({
  version: oneNumberOf([1]).describe('Version of this file format.'),
  targets: listOfDistinct(target, 'name', 'a list of targets')
    .min(1, { error: 'expected a list of at least one target' })
    .check(({ value, issues }) => {
      if (value.length <= MOST_TARGETS) return;
      const message = `a file holds ${MOST_TARGETS} targets, and this is the first of ${value.length - MOST_TARGETS} more: put them into another file`;
      issues.push({ code: 'custom', input: value.length, path: [MOST_TARGETS], message });
    })
    .meta({ maxItems: MOST_TARGETS })
    .describe('The databases, in the order of the report.'),
});

/** The file once checked, defaults filled in. */
export type CheckedTarget = z.output<typeof targetsFile>['targets'][number];
