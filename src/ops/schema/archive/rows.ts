import { ROW_HASHES, ROW_TEXT_SETTINGS } from '../../../db/row-hash.ts';
import type { DatabaseFunction } from '../immutability/function.ts';

export const ROWS_HASH: DatabaseFunction = {
  name: 'rows_hash',
  args: 'relation regclass, how text',
  returns: 'table (rows bigint, hash text)',
  language: 'plpgsql',
  security: 'invoker',
  volatility: 'stable',
  public: true,
  comment: 'count of the rows of one relation, and the sum of their hashes: by record, or by text where a type has no hash',
  settings: ROW_TEXT_SETTINGS.map(([name, value]) => `${name} = ${value}`),
  body: /* sql */ `
begin
  return query execute pg_catalog.format(
    'select pg_catalog.count(*), coalesce(pg_catalog.sum(%s), 0)::pg_catalog.text from only %s t',
    case how
      when 'record' then '${ROW_HASHES.record}'
      when 'text' then '${ROW_HASHES.text}'
    end,
    relation);
end`,
};
