import { retentionContradictions, type Rules } from './retention-contradictions.ts';
import type { CheckedFile } from './schema.ts';

/** Two values that are each allowed and cannot both hold. */
export interface Contradiction {
  /** The keys that take part, the one to correct first at the front. */
  readonly keys: readonly string[];
  readonly message: string;
}

const BUILTIN_LOCALES = ['C', 'C.UTF-8', 'PG_UNICODE_FAST'];

/** What contradicts itself in a configuration all of whose values are allowed. */
export function contradictions(file: Pick<CheckedFile, 'postgres' | 'verify' | 'cost' | Rules>): Contradiction[] {
  return [
    ...localeContradictions(file.postgres),
    ...checkContradictions(file.verify),
    ...retentionContradictions(file),
    ...costContradictions(file.cost),
  ];
}

/** An overlay may name the prices, and the file the currency, so that neither is required by itself. */
function costContradictions({ currency, hot, cold }: CheckedFile['cost']): Contradiction[] {
  if (currency !== undefined || (hot.length === 0 && cold.length === 0)) return [];
  return [{ keys: ['cost.hot', 'cost.cold'], message: 'prices without a currency: write cost: {currency: EUR}' }];
}

/** Rules of initdb and create database, PostgreSQL 18. */
function localeContradictions({ version, locale }: CheckedFile['postgres']): Contradiction[] {
  const { provider, name, encoding } = locale;
  if (provider !== 'builtin') return [];
  const [atProvider, atName, atEncoding] = ['postgres.locale.provider', 'postgres.locale.name', 'postgres.locale.encoding'];
  const major = Number.parseInt(version, 10);
  if (major < 17) {
    return [
      { keys: [atProvider, 'postgres.version'], message: `PostgreSQL ${major} has no builtin locale provider, 17 was the first` },
    ];
  }
  if (!BUILTIN_LOCALES.includes(name)) {
    return [
      { keys: [atName, atProvider], message: `the builtin provider has no locale ${name}, only ${BUILTIN_LOCALES.join(', ')}` },
    ];
  }
  if (name === 'PG_UNICODE_FAST' && major < 18) {
    return [
      { keys: [atName, 'postgres.version'], message: `PostgreSQL ${major} has no locale PG_UNICODE_FAST, 18 was the first` },
    ];
  }
  if (name !== 'C' && encoding !== 'UTF8') {
    return [
      { keys: [atEncoding, atName], message: `the builtin locale ${name} exists in encoding UTF8 only, found ${encoding}` },
    ];
  }
  return [];
}

function checkContradictions({ skip, required }: CheckedFile['verify']): Contradiction[] {
  return skip
    .filter((id) => required.includes(id))
    .map((id) => ({
      keys: ['verify.skip', 'verify.required'],
      message: `check ${id} is skipped and required: take it out of one list`,
    }));
}
