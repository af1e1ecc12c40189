-- reads: nothing   writes: nothing   re-run: no
drop function mall_award(bigint, timestamptz, text, text, text, text);
