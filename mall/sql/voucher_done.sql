-- reads: mall_voucher   writes: mall_redemption   re-run: changes nothing
-- A redemption whose last voucher was used has been received.
update mall_redemption r
   set state = 'RECEIVED', received_at = %(at)s
  from mall_voucher v
 where v.code = %(code)s
   and r.id = v.redemption_id
   and r.state = 'ISSUED'
   and not exists (select from mall_voucher open
                    where open.redemption_id = r.id and open.used_at is null and open.voided_at is null)
