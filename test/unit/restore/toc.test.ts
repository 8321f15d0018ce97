import { describe, expect, it } from 'vitest';
import { parseToc } from '../../../src/ops/restore/toc.ts';

const LIST = `;
; Archive created at 2026-11-21 09:57:03 UTC
;     dbname: kinds
;
8; 2615 16387 SCHEMA - app postgres
9; 2615 16388 SCHEMA - app stores odd owner
241; 1259 16476 TABLE app refs postgres
;	depends on: 8
242; 1259 16477 TABLE app stores Odd name "quoted" odd owner
;	depends on: 9
3634; 0 0 STATISTICS DATA app refs 
;	depends on: 241 241
3427; 2606 16482 FK CONSTRAINT app refs refs_self_fkey postgres
;	depends on: 241 3418
3583; 0 16500 ROW SECURITY app stores Odd name "quoted" odd owner
;	depends on: 242
3235; 2605 16420 CAST - CAST (text AS app.pair) 
;	depends on: 987
`;

describe('the table of contents of a dump', () => {
  it('is read with kinds of several words, schemas that begin alike, and owners with a space', () => {
    const entries = parseToc(LIST, ['odd owner', 'reader']);
    expect(entries.map(({ id, kind, schema, name, owner }) => [id, kind, schema, name, owner].join('|'))).toEqual([
      '8|SCHEMA|-|app|postgres',
      '9|SCHEMA|-|app stores|odd owner',
      '241|TABLE|app|refs|postgres',
      '242|TABLE|app stores|Odd name "quoted"|odd owner',
      '3634|STATISTICS DATA|app|refs|',
      '3427|FK CONSTRAINT|app|refs refs_self_fkey|postgres',
      '3583|ROW SECURITY|app stores|Odd name "quoted"|odd owner',
      '3235|CAST|-|CAST (text AS app.pair)|',
    ]);
  });

  it('has what each entry needs, once, and its line as it was', () => {
    const entries = parseToc(LIST, []);
    expect(entries.find(({ id }) => id === 3634)).toMatchObject({ needs: [241], line: '3634; 0 0 STATISTICS DATA app refs ' });
    expect(entries.find(({ id }) => id === 3427)?.needs).toEqual([241, 3418]);
  });
});
