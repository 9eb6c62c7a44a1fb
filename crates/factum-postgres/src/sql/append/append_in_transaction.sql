-- $1 lock_ms, $2 idle_ms, $3 flush, $4 now, $5 channel, $6 plain, then the columns of the group; see group.rs
SELECT verdicts, places, numbers, owners, bases FROM {schema}.append_in_transaction(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38,
    $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56,
    $57, $58, $59)
