import { describe, expect, it } from 'vitest';
import { reviewMarkdown } from '../../../src/ops/evidence/markdown.ts';
import { NONE as none, review } from './support.ts';

const EVIL = '| x |\n# Reviewed by everybody\n<script>`${x}`</script> @all \u001b[2J\u202e';
const fact = (text: string) => ({ about: 'may', text }) as const;

describe('a review as Markdown', () => {
  it('tells nothing that happened from nothing that was seen', () => {
    const text = reviewMarkdown(review());
    expect(text).toContain('**Collected, and reviewed by nobody.** Roles and rights are as roles.yaml says.');
    expect(text).toContain('## Roles that were lent\n\nNone.');
    expect(text).toContain('## Who was let through the guards\n\nThis database keeps no such records.');
    expect(text).toContain('## Refused attempts on append-only tables\n\n**Not seen.**');
    expect(text).not.toContain('## Minutes');
    expect(reviewMarkdown(review({ reviewers: ['Ann', 'Bo'] }))).toContain('## Minutes\n\nNone were given.');
  });

  it('keeps a name with all its marks a name, wherever it stands', () => {
    const text = reviewMarkdown(
      review({
        environment: EVIL,
        operator: EVIL,
        reviewers: [EVIL],
        server: { ...review().server, database: EVIL, user: EVIL },
        unseen: [{ what: EVIL, why: EVIL, fix: EVIL }],
        findings: {
          ...review().findings,
          rows: [{ id: 'grant-excess', severity: 'high', status: 'fail', object: EVIL, message: EVIL, fix: EVIL }],
          counts: [{ id: 'grant-excess', severity: 'high', status: 'fail', count: 1 }],
        },
        plan: { gives: { ...none, rows: [EVIL] }, takes: { ...none, rows: [EVIL] }, left: 1 },
        roles: [{ name: EVIL, purpose: EVIL, because: EVIL, there: true, facts: [fact(EVIL)] }],
        exceptions: [{ id: EVIL, role: EVIL, allows: EVIL, reason: EVIL, owner: EVIL, expires: '2027-01-01', state: 'holds' }],
        runs: {
          ...none,
          rows: [
            { at: 'then', command: EVIL, operator: EVIL, login: EVIL, commit: EVIL, ciJob: EVIL, outcome: EVIL, summary: EVIL },
          ],
        },
        unlocks: {
          ...none,
          rows: [
            {
              table: EVIL,
              reason: EVIL,
              requestedBy: EVIL,
              requestedAt: 'then',
              approvedBy: EVIL,
              approvedAt: null,
              usedAt: null,
            },
          ],
        },
        declaration: {
          file: 'roles.yaml',
          sha256: 'f',
          git: { commit: 'c', changed: true, dirty: false, commits: [{ commit: 'c', at: 'then', author: EVIL, subject: EVIL }] },
          whyNot: null,
        },
        changes: { since: '000001', server: EVIL, roles: [{ role: EVIL, gained: [EVIL], lost: [EVIL] }] },
      }),
    );
    expect(text).not.toContain('<script>');
    expect(text).not.toContain('| x |');
    expect(text).not.toMatch(/[\u001b\u202e]/);
    // Its headings are those of the review.
    expect(
      text.match(/^#+ .*/gm)?.filter((line) => line.includes('Reviewed by everybody') && !line.startsWith('### <code>')),
    ).toEqual([]);
    // Each row of a table has as many cells as its head.
    for (const table of text.match(/(?:^\|.*\n?)+/gm) ?? []) {
      const cells = table
        .trim()
        .split('\n')
        .map((line) => line.split('|').length);
      expect(new Set(cells).size, table).toBe(1);
    }
  });

  it('keeps minutes as they were written, where they cannot look like what was seen', () => {
    const text = '# Access review 000002\n\n```\nnested\n```\n\nAnn: revoke it.\n';
    const shown = reviewMarkdown(review({ reviewers: ['Ann'], minutes: { sha256: 'e'.repeat(64), text } }));
    expect(shown).toContain(`\`\`\`\`\n${text.trimEnd()}\n\`\`\`\``);
  });

  it('says that the server is another one than at the review before', () => {
    const changes = { since: '000001-20260821T120000Z-prod', roles: [] };
    expect(reviewMarkdown(review({ changes: { ...changes, server: '6' } }))).toContain(
      '**The server is another one: it was 6.**',
    );
    for (const server of ['7', null]) {
      expect(reviewMarkdown(review({ changes: { ...changes, server } }))).toContain(
        'Since the review `000001-20260821T120000Z-prod`: nothing that a role is or may do.',
      );
    }
  });

  it('calls a login unused where it was looked at long enough', () => {
    const login = {
      login: 'a',
      password: null,
      validUntil: null,
      rotatedAt: null,
      sessions: 0,
      applications: [],
      statements: 0,
    } as const;
    const shown = (countedSince: string) => reviewMarkdown(review({ logins: { countedSince, rows: [login] } }));
    expect(shown('2026-11-01T00:00:00Z')).toContain('| **0: perhaps unused** |');
    expect(shown('2026-11-20T00:00:00Z')).not.toContain('perhaps unused');
  });

  it('says once what a login has from the role it is for', () => {
    const shown = reviewMarkdown(
      review({
        roles: [
          {
            name: 'web',
            purpose: 'the app',
            because: 'roles.yaml:3',
            there: true,
            facts: [fact('app, tables: SELECT on all 3')],
          },
          {
            name: 'web_1',
            purpose: 'the app',
            because: 'roles.yaml:3',
            there: true,
            facts: [
              { about: 'member of', text: 'web (inherit true, set false, admin false; granted by postgres)' },
              fact('database lab: CONNECT'),
              fact('app, tables: SELECT on all 3'),
            ],
          },
          { name: 'lost', purpose: 'was dropped', because: 'roles.yaml:9', there: false, facts: [] },
          { name: 'ann', purpose: null, because: null, there: true, facts: [] },
        ],
      }),
    );
    expect(shown).toContain('- may: database lab: CONNECT\n- may: all that <code>web</code> may');
    expect(shown.match(/SELECT on all 3/g)).toHaveLength(1);
    expect(shown).toContain('**It is declared, and not in the database.**');
    expect(shown).toContain('**roles.yaml does not name it.**');
  });
});
