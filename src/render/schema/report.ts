import { ERROR_CODES } from '../../core/errors.ts';
import { REPORT_SCHEMA, SEVERITIES, STATUSES } from '../../core/report.ts';

const text = { type: 'string' } as const;
const textOrNull = { type: ['string', 'null'] } as const;
const ordinal = { type: 'integer', minimum: 1 } as const;

const target = {
  type: 'object',
  description: 'Which server the answer is about.',
  additionalProperties: false,
  required: ['env', 'host', 'port', 'database', 'serverVersion', 'systemIdentifier'],
  properties: {
    env: text,
    host: text,
    port: { type: 'integer', minimum: 0, maximum: 65_535 },
    database: text,
    serverVersion: { ...textOrNull, description: 'As the server tells it, such as 18.2.' },
    systemIdentifier: {
      ...textOrNull,
      description: 'From pg_control_system(); text, because it is longer than a double is exact.',
    },
  },
} as const;

const item = {
  type: 'object',
  description: 'One line of the answer. A command adds fields of its own; these are always there.',
  required: ['id', 'object', 'status', 'severity', 'message', 'fix', 'detail'],
  properties: {
    id: { ...text, description: 'What was asked; together with object the identity of a finding.' },
    object: { ...text, description: 'What it was asked of.' },
    status: { enum: STATUSES, description: 'unknown: could not look; never counts as pass.' },
    severity: { enum: SEVERITIES },
    message: text,
    fix: { ...textOrNull, description: 'The next act, ready to paste.' },
    detail: true,
  },
} as const;

const position = {
  type: 'object',
  additionalProperties: false,
  required: ['file', 'line', 'column'],
  properties: { file: text, line: ordinal, column: ordinal, text: { ...text, description: "The line's text." } },
} as const;

const error = {
  type: 'object',
  description: 'Why there is no answer, or not a whole one.',
  additionalProperties: false,
  required: ['code', 'message', 'hint'],
  properties: {
    code: { enum: Object.keys(ERROR_CODES) },
    message: text,
    hint: { ...textOrNull, description: 'The next act, as a sentence.' },
    sqlstate: { ...text, pattern: '^[0-9A-Z]{5}$' },
    detail: text,
    position,
  },
} as const;

/**
 * Contract C3 as JSON Schema, draft 2020-12, for users who check what they parse. Closed on purpose: a new key of the
 * document is a decision that shows up here; items alone are open.
 */
export const reportSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: `urn:${REPORT_SCHEMA.replaceAll(/[./]/g, ':')}`,
  title: REPORT_SCHEMA,
  description: 'The one document a dbctl command leaves on stdout with --format json, also when it fails.',
  type: 'object',
  additionalProperties: false,
  required: ['schema', 'command', 'ok', 'exitCode', 'startedAt', 'durationMs', 'target', 'summary', 'items', 'error'],
  properties: {
    schema: { const: REPORT_SCHEMA },
    command: { ...text, minLength: 1 },
    ok: { type: 'boolean', description: 'false: done, and the answer is no; or not done, see error.' },
    exitCode: { type: 'integer', minimum: 0, maximum: 255 },
    startedAt: { ...text, format: 'date-time', pattern: 'Z$' },
    durationMs: { type: 'number', minimum: 0 },
    target: { anyOf: [target, { type: 'null' }] },
    summary: { type: 'object', description: 'Counts in the words of the command.' },
    items: { type: 'array', items: item },
    error: { anyOf: [error, { type: 'null' }] },
  },
  anyOf: [{ properties: { ok: { const: false } } }, { properties: { exitCode: { const: 0 }, error: { type: 'null' } } }],
} as const;
