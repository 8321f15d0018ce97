/** A position in the write-ahead log, `16/B374D848` as the server writes it, as a number. */
export function lsnNumber(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

const hex = (value: bigint): string => value.toString(16).toUpperCase();

/** The same the other way round. */
export const lsnText = (lsn: bigint): string => `${hex(lsn >> 32n)}/${hex(lsn & 0xffff_ffffn)}`;
