"""A head-end's batches: Parquet and a manifest in, whole or not at all (docs/reference/head-end-batch.md).

The stages, each a module of small functions over arrays: `manifest` and `reading` (read), `checking` and the door
(identify), `databeheer.metering.validation` (validate, estimate), `databeheer.metering.packing` (pack),
`databeheer.metering.sealing_rows` (seal), `copying` (store). `taking` runs them. The head-end knows devices and
never who lives where (R135): no EAN, name or address has a column.
"""
