-- reads: nothing   writes: nothing   re-run: no
drop trigger redemption_goes_forward on mall_redemption;
drop trigger redemption_not_deleted_truncate on mall_redemption;
drop trigger redemption_not_deleted on mall_redemption;
drop trigger stock_change_append_only_truncate on mall_stockchange;
drop trigger stock_change_append_only on mall_stockchange;
drop function mall_refuse();
