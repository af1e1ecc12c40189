-- reads: mall_redemption   writes: mall_voucher   re-run: uses nothing
-- Use a voucher if it still can be. Its redemption is locked first, as cancelling does; of two who scan it one finds it.
with redemption as materialized (
    select r.id
      from mall_redemption r
     where r.id = (select redemption_id from mall_voucher where code = %(code)s)
       and r.state = 'ISSUED'
       for no key update
)
update mall_voucher v
   set used_at = %(at)s, used_by_id = %(actor)s, used_where = %(place)s
  from redemption
 where v.code = %(code)s
   and v.redemption_id = redemption.id
   and v.used_at is null
   and v.voided_at is null
   and (v.ends_at is null or v.ends_at > %(at)s)
returning v.id
