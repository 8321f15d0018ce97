/** csv.gz: what COPY writes, packed · parquet: columns with types, for DuckDB and Spark. */
export type ArchiveFormat = 'csv.gz' | 'parquet';

/** The file with the rows, before it is encrypted. */
export const rowsPath = (format: ArchiveFormat): string => `rows.${format}`;

/** How COPY writes and reads the text a format is made of. */
export const COPY_OPTIONS: Readonly<Record<ArchiveFormat, { readonly to: string; readonly from: string }>> = {
  // Null is nothing and the empty text is "", so nothing has to be quoted by force.
  'csv.gz': { to: "format csv, header, encoding 'UTF8'", from: "format csv, header match, encoding 'UTF8'" },
  parquet: { to: "format text, encoding 'UTF8'", from: "format text, encoding 'UTF8'" },
};
