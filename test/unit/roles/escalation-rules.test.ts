import { describe, expect, test } from 'vitest';
import { PROPERTIES } from '../../../src/ops/roles/escalation/properties.ts';
import { RULES } from '../../../src/ops/roles/escalation/rules.ts';
import { CODE } from '../../postgres/roles/escalation/planted-code.ts';
import { RIGHTS } from '../../postgres/roles/escalation/planted-rights.ts';
import { SERVER } from '../../postgres/roles/escalation/planted-server.ts';

const PLANTS = [...RIGHTS, ...CODE, ...SERVER];

describe('the rules', () => {
  test('have each a planted case', () => {
    const planted = new Set(PLANTS.map(({ id }) => id));
    expect(RULES.map(({ id }) => id).filter((id) => !planted.has(id))).toEqual([]);
  });

  test('and what is said of PostgreSQL, answer all 42 ways', () => {
    const paths = [...RULES, ...PROPERTIES].flatMap((one) => one.paths);
    expect([...new Set(paths)].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 42 }, (_, index) => index + 1));
  });

  test('have ids of their own', () => {
    const ids = [...RULES, ...PROPERTIES].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(id))).toEqual([]);
  });
});
