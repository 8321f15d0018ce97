import { describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import { parseAttestations } from '../../../src/ops/verify/benchmark/attestations.ts';
import { attestationRules } from '../../../src/ops/verify/profiles/profile.ts';
import { NOW } from './support.ts';

const rules = attestationRules(['dev', 'prod'], NOW);
const ENTRY = {
  benchmark: 'cis-18',
  item: '"1.3"',
  by: 'j.doe',
  on: '2026-11-02',
  evidence: 'systemctl said enabled on both',
  expires: '2027-11-02',
};
/** An entry as YAML; a null takes a key out. */
const yaml = (changes: Readonly<Record<string, string | null>> = {}): string =>
  `- ${Object.entries({ ...ENTRY, ...changes })
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n  ')}\n`;
const problemsOf = (text: string): string[] => {
  try {
    parseAttestations('a.yaml', text, rules);
    return [];
  } catch (thrown) {
    if (thrown instanceof DbctlError && thrown.code === 'config.invalid') return (thrown.detail ?? '').split('\n');
    throw thrown;
  }
};

describe('an attestations file', () => {
  it('is read', () => {
    expect(parseAttestations('a.yaml', yaml({ environment: 'prod' }), rules)).toEqual([
      {
        benchmark: 'cis-18',
        item: '1.3',
        by: 'j.doe',
        on: '2026-11-02',
        evidence: 'systemctl said enabled on both',
        expires: '2027-11-02',
        environment: 'prod',
        file: 'a.yaml',
        line: 1,
      },
    ]);
  });

  it.each(['', '# nothing yet\n', '[]\n'])('holds none: %j', (text) => {
    expect(parseAttestations('a.yaml', text, rules)).toEqual([]);
  });

  it('may hold one that is over', () => {
    expect(parseAttestations('a.yaml', yaml({ on: '2025-01-01', expires: '2025-06-01' }), rules)).toHaveLength(1);
  });

  it.each<[string, string, string[]]>([
    ['no list', 'item: "1.3"\n', ['a.yaml:1:1: expected a list of attestations, each starting with "- benchmark:"']],
    [
      'a list of words',
      '- yes\n',
      ['a.yaml:1:3: expected an attestation with the keys benchmark, item, by, on, evidence and expires'],
    ],
    ['an unknown key', yaml({ form: 'x' }), ['a.yaml:7:3: unknown key "form"']],
    ['a missing key', yaml({ by: null }), ['a.yaml:1:3: missing key "by"']],
    ['a number for an item', yaml({ item: '1.10' }), ['a.yaml:2:9: "item" takes a text: put it in quotes']],
    ['an item that is none', yaml({ item: '"9.9"' }), ['a.yaml:2:9: cis-18 has no item "9.9"']],
    ['another benchmark', yaml({ benchmark: 'cis-81' }), ['a.yaml:1:14: no benchmark "cis-81", did you mean "cis-18"?']],
    ['a profile without a benchmark', yaml({ benchmark: 'hardened' }), ['a.yaml:1:14: no benchmark "hardened"']],
    ['another environment', yaml({ environment: 'prd' }), ['a.yaml:7:16: no environment "prd", did you mean "prod"?']],
    [
      'no evidence to speak of',
      yaml({ evidence: 'ok' }),
      ['a.yaml:5:13: evidence has 2 characters, and 20 are the least: say what was looked at and seen, or where that is kept'],
    ],
    ['a day that is none', yaml({ on: '2026-02-30' }), ['a.yaml:4:7: "2026-02-30" is no day such as 2027-01-31']],
    [
      'a look in the future',
      yaml({ on: '2026-11-22' }),
      ['a.yaml:4:7: 2026-11-22 is in the future: an attestation says what was seen'],
    ],
    ['an end before the look', yaml({ expires: '2026-11-01' }), ['a.yaml:6:12: it ends before the look of 2026-11-02']],
    [
      'an end too far off',
      yaml({ expires: '2027-11-04' }),
      ['a.yaml:6:12: it runs 367 days from the look, and 366 are the most: machines change'],
    ],
    [
      'several mistakes',
      yaml({ by: '""', expires: 'soon' }),
      ['a.yaml:3:7: "by" takes a text', 'a.yaml:6:12: "soon" is no day such as 2027-01-31'],
    ],
    [
      'broken YAML',
      '- benchmark: [cis\n',
      ['a.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
  ])('is refused for %s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });
});
