-- reads: nothing   writes: nothing   re-run: no
alter table mall_treasuredraw reset (fillfactor);
drop trigger treasure_entry_not_deleted_truncate on mall_treasureentry;
drop trigger treasure_entry_not_deleted on mall_treasureentry;
drop trigger treasure_entry_stays on mall_treasureentry;
drop trigger treasure_seed_stays_truncate on mall_treasureseed;
drop trigger treasure_seed_stays on mall_treasureseed;
drop trigger treasure_not_deleted on mall_treasuredraw;
drop trigger treasure_stays on mall_treasuredraw;
drop function mall_treasure_stays();
drop function mall_refund_entries(bigint, timestamptz, integer, text);
drop function mall_entries_file(bigint);
drop function mall_enter(bigint, bigint, integer, timestamptz, text);
drop function mall_list_label(text);
drop function mall_entered(bigint, bigint, integer, text);
