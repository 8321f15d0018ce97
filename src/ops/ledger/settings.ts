import type { Config } from '../../config/config.ts';
import { splitName } from '../../db/ident.ts';
import type { KeyPlace, SignerSettings } from '../signing/signer.ts';

export interface LedgerTable {
  readonly schema: string;
  readonly name: string;
}

/** The part of dbctl.yaml about the ledger, in the words of the code. */
export interface LedgerSettings {
  readonly tables: readonly LedgerTable[];
  readonly xidColumn: string;
  readonly intervalMs: number;
  /** Old windows hashed again in each run of verify. */
  readonly sample: number;
  /** Null: nothing is signed, so nothing can be sealed. */
  readonly signer: SignerSettings | null;
  readonly publicKeys: readonly string[];
  readonly sinks: Config['ledger']['sinks'];
}

export function ledgerSettings({ ledger }: Pick<Config, 'ledger'>): LedgerSettings {
  return {
    tables: ledger.tables.map(splitName),
    xidColumn: ledger.xid_column,
    intervalMs: ledger.interval,
    sample: ledger.sample,
    signer:
      ledger.signer === undefined ? null : { ...ledger.signer, key: keyPlace(ledger.signer.key), publicKeys: ledger.public_keys },
    publicKeys: ledger.public_keys,
    sinks: ledger.sinks,
  };
}

export function keyPlace({ variable, file, command }: NonNullable<Config['ledger']['signer']>['key']): KeyPlace {
  if (variable !== undefined) return { kind: 'variable', variable };
  if (file !== undefined) return { kind: 'file', file };
  return { kind: 'command', command: command ?? [] };
}
