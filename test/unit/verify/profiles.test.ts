import { describe, expect, it } from 'vitest';
import { spec } from '../../../src/commands/verify.ts';
import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { builtInFolder, loadChecks } from '../../../src/ops/verify/load.ts';
import type { Outcome } from '../../../src/ops/verify/outcome.ts';
import { policyFrom } from '../../../src/ops/verify/policy.ts';
import { narrow, stricter, weigh } from '../../../src/ops/verify/profiles/apply.ts';
import { PROFILES, type Profile } from '../../../src/ops/verify/profiles/profile.ts';
import { THRESHOLD_PARAMETERS, type Thresholds } from '../../../src/ops/verify/thresholds.ts';
import { checkNamed } from './support.ts';

const checks = await loadChecks([builtInFolder()]);
const ids = checks.map(({ id }) => id);
const idsOf = (entries: readonly object[]): string[] =>
  entries.flatMap((entry) => ('checks' in entry ? (entry.checks as string[]) : [(entry as { check: string }).check]));

describe.each(Object.entries(PROFILES))('profile %s', (name, profile) => {
  it('has its own name, and names checks there are, each once', () => {
    expect(profile.name).toBe(name);
    const named = [...idsOf(profile.leaveOut), ...idsOf(profile.severities)];
    expect(named.filter((id) => !ids.includes(id))).toEqual([]);
    expect(new Set(named).size).toBe(named.length);
  });

  it('has moved up the lines of checks that have come', () => {
    expect(idsOf(profile.onMerge ?? []).filter((id) => ids.includes(id))).toEqual([]);
  });

  it('draws lines that a check uses', () => {
    // Versions of TLS are those of tls-min-version: once it is here, it has to use this one.
    for (const key of Object.keys(profile.thresholds) as (keyof Thresholds)[]) {
      if (key === 'tlsVersion' && !ids.includes('tls-min-version')) continue;
      expect(
        checks.some(({ params }) => params.includes(THRESHOLD_PARAMETERS[key])),
        key,
      ).toBe(true);
    }
  });

  it('gives a reason for everything it changes', () => {
    for (const { reason } of [...profile.leaveOut, ...profile.severities]) expect(reason.length).toBeGreaterThan(20);
  });
});

it('has the same names in dbctl.yaml and on the command line', () => {
  const choices = spec.options?.find(({ flags }) => flags.startsWith('--profile'))?.choices;
  expect(choices).toEqual(Object.keys(PROFILES));
  expect(JSON.stringify(configJsonSchema())).toContain(JSON.stringify(Object.keys(PROFILES)));
});

const profile = (changes: Partial<Profile>): Profile => ({ ...PROFILES.baseline, name: 'mine', ...changes });

describe('narrowing', () => {
  const run = [checkNamed('a', { refs: ['CIS PostgreSQL 18: 3.1.20'] }), checkNamed('b'), checkNamed('c')];
  const leaving = profile({ leaveOut: [{ checks: ['b', 'x'], reason: 'nobody sees it here' }] });

  it('says of what it leaves out that it was skipped, and why', () => {
    const narrowed = narrow({ run, named: false }, leaving);
    expect(narrowed.run.map(({ id }) => id)).toEqual(['a', 'c']);
    expect(narrowed.leftOut).toEqual([{ kind: 'skipped', check: run[1], reason: 'profile mine: nobody sees it here' }]);
  });

  it('takes nothing from checks that were named', () => {
    expect(narrow({ run, named: true }, leaving)).toEqual({ run, leftOut: [] });
  });

  it('to a benchmark leaves what answers one of its items', () => {
    expect(narrow({ run, named: false }, PROFILES['cis-18']).run.map(({ id }) => id)).toEqual(['a']);
  });
});

describe('weighing', () => {
  const found = (severity: string | null): Outcome => ({
    kind: 'found',
    check: checkNamed('a', { severity: 'medium' }),
    findings: [{ object: 'o', detail: 'd', data: severity === null ? {} : { severity } }],
  });
  const weighed = (to: 'critical' | 'high' | 'low', severity: string | null) => {
    const [outcome] = weigh([found(severity)], profile({ severities: [{ check: 'a', severity: to, reason: 'r' }] }));
    return outcome?.kind === 'found' ? [outcome.check.severity, outcome.findings[0]?.data['severity'] ?? null] : [];
  };

  it.each([
    ['high', null, ['high', null]],
    ['high', 'low', ['high', 'high']],
    ['high', 'critical', ['high', 'critical']],
    ['low', 'high', ['low', 'low']],
    ['low', 'info', ['low', 'info']],
  ] as const)('to %s: a row of %s', (to, own, expected) => {
    expect(weighed(to, own)).toEqual(expected);
  });

  it('leaves other checks, and passes, alone', () => {
    const outcomes: Outcome[] = [{ kind: 'pass', check: checkNamed('b') }];
    expect(weigh(outcomes, PROFILES.hardened)).toEqual(outcomes);
  });
});

it('draws lines elsewhere', () => {
  const postgres = {
    version: '18.2',
    extensions: { required: [], allowed: [], schema: 'e' },
    timezone: 'UTC',
    locale: { provider: 'builtin' as const, name: 'C', encoding: 'UTF8' },
  };
  const policy = policyFrom({ postgres });
  expect(stricter(policy, PROFILES.baseline).thresholds).toEqual({ tlsVersion: 'TLSv1.2', wraparoundPercent: 50 });
  expect(stricter(policy, PROFILES.hardened).thresholds).toEqual({ tlsVersion: 'TLSv1.3', wraparoundPercent: 40 });
});
