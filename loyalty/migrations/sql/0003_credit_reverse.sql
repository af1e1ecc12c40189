-- reads: nothing   writes: nothing   re-run: no
drop function loyalty_credit(bigint, bigint, smallint, text, text, timestamptz, text);
