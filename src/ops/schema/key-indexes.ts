/** Version 10 of schema dbctl: indexes for the two foreign keys that had none, as `idx-fk-missing` asks of every table. */
export function keyIndexesVersion(): string {
  return /* sql */ `
create index ledger_checkpoint_epoch_idx on dbctl.ledger_checkpoint (epoch);
create index permit_unlock_request_idx on dbctl.permit (unlock_request) where unlock_request is not null;`;
}
