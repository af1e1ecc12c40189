-- reads: nothing   writes: nothing   re-run: no
alter table mall_gift reset (fillfactor);
drop function mall_redeem(bigint, bigint, integer, timestamptz, text, text, text, text);
drop function mall_redeemed(bigint, bigint, integer, text);
